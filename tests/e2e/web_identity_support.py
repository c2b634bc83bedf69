"""What the scripts about identity providers share."""

import base64
import json

import boto3
import botocore
from botocore.config import Config
from sts_support import StsCase, name, service
from support import ACCOUNT, REGION, config


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def nobody():
    """A client of STS that signs nothing."""
    return boto3.client(
        "sts", region_name=REGION,
        config=config().merge(Config(signature_version=botocore.UNSIGNED)),
    )


class WebIdentity(StsCase):
    def provider(self, url, *clients):
        try:
            service("iam").create_open_id_connect_provider(
                Url=url, ClientIDList=list(clients or ("sts.amazonaws.com",))
            )
        except Exception as known:
            if "already exists" not in str(known):
                raise
        return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url.split('://')[1]}"

    def role(self, provider, condition=None, actions=("sts:AssumeRoleWithWebIdentity",)):
        made = name("role")
        trust = {
            "Effect": "Allow", "Action": list(actions), "Principal": {"Federated": provider},
            **({"Condition": condition} if condition else {}),
        }
        iam = service("iam")
        document = {"Version": "2012-10-17", "Statement": [trust]}
        iam.create_role(RoleName=made, AssumeRolePolicyDocument=json.dumps(document))
        document["Statement"] = [
            {"Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*"}
        ]
        iam.put_role_policy(RoleName=made, PolicyName="p", PolicyDocument=json.dumps(document))
        return f"arn:aws:iam::{ACCOUNT}:role/{made}"

    def assume(self, role, shown, **more):
        return nobody().assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="sess", WebIdentityToken=shown, **more
        )

    def rejected(self, wanted, status, role, shown, **more):
        self.fails(
            wanted, status, nobody().assume_role_with_web_identity, RoleArn=role,
            RoleSessionName="sess", WebIdentityToken=shown, **more,
        )
