"""What the scripts share. Every setting comes by environment variables, as a stranger gives them:
AWS_ENDPOINT_URL, AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE, AWS_DEFAULT_REGION for the AWS clients,
KMS_PROGRAM and KMS_HOME for the program `kms` on the same home."""

import json
import os
import subprocess
import unittest
import uuid

import boto3
import botocore.config
import botocore.exceptions
from botocore.model import ListShape, MapShape, StructureShape

ACCOUNT = "111122223333"
REGION = "us-east-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ABSENT = "00000000-0000-4000-8000-000000000000"


# Seconds until a test gives up: more than anything takes on a busy machine.
PATIENCE = 600


def config():
    return botocore.config.Config(
        retries={"max_attempts": 0}, connect_timeout=PATIENCE, read_timeout=PATIENCE,
        parameter_validation=False,
    )


def client(access_key=None, region=REGION):
    """The KMS client of the root user, or of whoever holds `access_key` (id, secret).

    The client's own check of parameters is off, so that the server's is what answers."""
    if access_key is None:
        session = boto3.Session(region_name=region)
    else:
        identity, secret = access_key
        session = boto3.Session(
            aws_access_key_id=identity, aws_secret_access_key=secret, region_name=region
        )
    made = session.client("kms", config=config())
    made.meta.events.register("after-call.kms", check_shape)
    return made


def check_shape(parsed, model, **_):
    """Every answer has the members that AWS's model gives it, of their types, and no other."""
    if "Error" in parsed or model.output_shape is None:
        return
    body = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    check_value(model.name, body, model.output_shape)


def check_value(path, value, shape):
    if isinstance(shape, StructureShape):
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{path} has members that AWS's model does not: {unknown}"
        for name in shape.required_members:
            assert name in value, f"{path} lacks {name}"
        for name, member in value.items():
            check_value(f"{path}.{name}", member, shape.members[name])
    elif isinstance(shape, ListShape):
        for index, member in enumerate(value):
            check_value(f"{path}[{index}]", member, shape.member)
    elif isinstance(shape, MapShape):
        for name, member in value.items():
            check_value(f"{path}[{name}]", member, shape.value)
    else:
        kinds = {
            "string": str, "boolean": bool, "integer": int, "long": int, "blob": bytes,
            "timestamp": object, "float": float, "double": float,
        }
        assert isinstance(value, kinds[shape.type_name]), f"{path} is {type(value)}"
        # AWS answers "Policy" for the type of every boundary, and "IAM Policy" for that of a policy
        # that was simulated, whatever its model says.
        free = ("PermissionsBoundaryAttachmentType", "PolicySourceType")
        if getattr(shape, "enum", None) and shape.name not in free:
            assert value in shape.enum, f"{path}: {value!r} is not of AWS's values"
        if shape.type_name == "string":
            low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
            # AWS answers an empty name for a grant without one, whatever its model says.
            nameless = value == "" and shape.name == "GrantNameType"
            assert nameless or len(value) >= low, f"{path} is shorter than {low}"
            assert high is None or len(value) <= high, f"{path} is longer than {high}"


def kms(*arguments, expect=0, data=b""):
    """Runs the program `kms` on the server's own home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [os.environ["KMS_PROGRAM"], *arguments], input=data, capture_output=True, env=environment
    )
    assert done.returncode == expect, (
        f"kms {arguments} ended with {done.returncode}, not {expect}: {done.stdout}{done.stderr}"
    )
    return done.stdout


def user(name=None):
    """Makes a user and returns (ARN, (access key id, secret access key))."""
    name = name or f"user-{uuid.uuid4().hex[:12]}"
    kms("user", "create", name)
    printed = json.loads(kms("user", "access-key", "create", name, "--output", "json"))
    key = printed.get("AccessKey", printed)
    return f"arn:aws:iam::{ACCOUNT}:user/{name}", (key["AccessKeyId"], key["SecretAccessKey"])


def statement(principal, *actions, effect="Allow", **more):
    return {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": [f"kms:{action}" for action in actions],
        "Resource": "*",
        **more,
    }


def policy(*statements):
    """A key policy that keeps the account in charge, with `statements` added."""
    account = statement(ROOT, "*")
    return json.dumps({"Version": "2012-10-17", "Statement": [account, *statements]})


class Case(unittest.TestCase):
    """A test with the root user's client, and a way to say what AWS answers."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.kms = client()

    def key(self, **parameters):
        """The id of a fresh key."""
        return self.kms.create_key(**parameters)["KeyMetadata"]["KeyId"]

    def arn(self, key):
        return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"

    def alias(self):
        return f"alias/test-{uuid.uuid4().hex[:12]}"

    def refused(self, code, call, /, *, message=None, contains=None, **parameters):
        """`call` fails with AWS's `code` at status 400, and AWS's words where they are known."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**parameters)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], code, answer["Error"])
        status = 500 if code == "KMSInternalException" else 400
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        self.assertTrue(answer["ResponseMetadata"].get("RequestId"), "no request id")
        text = answer["Error"].get("Message") or ""
        if message is not None:
            self.assertEqual(text, message)
        if contains is not None:
            self.assertIn(contains, text)
        return text
