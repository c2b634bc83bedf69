"""What the scripts about temporary credentials share."""

import base64
import datetime
import hashlib
import hmac
import json
import struct
import time
import uuid

import boto3
import botocore.exceptions
from support import REGION, Case, config, kms, user


def service(name, key=None):
    """A client of IAM, STS or KMS with credentials: (id, secret), (id, secret, token), or those of
    the environment."""
    if key is None:
        session = boto3.Session(region_name=REGION)
    else:
        identity, secret, token = (*key, None)[:3]
        session = boto3.Session(
            aws_access_key_id=identity, aws_secret_access_key=secret, aws_session_token=token,
            region_name=REGION,
        )
    return session.client(name, config=config())


def key_of(answer):
    """(id, secret, token) of an answer of STS."""
    given = answer["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def name(prefix="it"):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def codes(seed, *steps):
    """The codes that an authenticator program shows so many steps from one moment: RFC 6238. `seed` is
    base 32."""
    now = int(time.time()) // 30
    shown = []
    for step in steps:
        message = struct.pack(">Q", now + step)
        tag = hmac.new(base64.b32decode(seed), message, hashlib.sha1).digest()
        number = struct.unpack_from(">I", tag, tag[-1] & 15)[0] & 0x7FFFFFFF
        shown.append(f"{number % 1000000:06d}")
    return shown


def code(seed):
    """The code of the next step, which is taken already: it holds for a minute at least, so that a
    busy machine shows it in time."""
    return codes(seed, 1)[0]


class Device:
    """A virtual MFA device of a user, whose codes are not shown twice."""

    def __init__(self, user):
        self.iam = service("iam")
        made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=name("mfa"))
        made = made["VirtualMFADevice"]
        self.serial, self.seed = made["SerialNumber"], made["Base32StringSeed"]
        # Two steps that are past, so that later codes are still to be shown.
        first, second = codes(self.seed, -2, -1)
        self.iam.enable_mfa_device(
            UserName=user, SerialNumber=self.serial,
            AuthenticationCode1=first, AuthenticationCode2=second,
        )

    def code(self):
        return code(self.seed)


def allow(user, *actions, effect="Allow", resource="*", **more):
    """Gives a user an identity policy."""
    document = {"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    ]}
    kms("user", "policy", "put", user, "-", data=json.dumps(document).encode())


def moment():
    return datetime.datetime.now(datetime.timezone.utc)


class StsCase(Case):
    """A test with users, and a way to say what IAM and STS answer."""

    def fails(self, wanted, status, call, /, contains=None, **parameters):
        """`call` of IAM or STS fails with AWS's code and status."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**parameters)
        answer = caught.exception.response
        self.assertEqual(answer["Error"]["Code"], wanted, answer["Error"])
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], status)
        if contains is not None:
            self.assertIn(contains, answer["Error"]["Message"])

    def lasts(self, seconds, call, /, **parameters):
        """`call` of STS answers with credentials that last so long from its own moment on."""
        before = moment().replace(microsecond=0)
        answer = call(**parameters)
        ends = answer["Credentials"]["Expiration"] - datetime.timedelta(seconds=seconds)
        self.assertTrue(before <= ends <= moment(), (before, ends))
        return answer

    def someone(self):
        """A new user: (ARN, name, access key)."""
        arn, key = user()
        return arn, arn.rsplit("/", 1)[1], key
