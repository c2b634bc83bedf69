"""Credentials for whom the operating system or a certificate vouches, by `credential_process`."""

import base64
import http.client
import json
import os
import pathlib
import socket
import ssl
import stat
import subprocess
import sys
import unittest
import urllib.parse

import boto3
import botocore.exceptions
from botocore.config import Config
from sts_support import StsCase, allow, service
from support import ACCOUNT, REGION, config, kms

SCRATCH = pathlib.Path(os.environ["KMS_SCRATCH"])
ENDPOINT = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
UID, GID = os.geteuid(), os.getegid()
ROLE_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*"}
]})
# Whoever may assume the role by its trust policy: nobody.
NOBODY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
]})


def records(count=1):
    """The last records of the ledger."""
    lines = kms("audit", "tail", "-n", str(count), "--output", "json").decode().splitlines()
    return [json.loads(line) for line in lines]


class Local(StsCase):
    """`WHO` says to `kms credential-process` how the server is reached."""

    WHO = ()

    def process(self, *more, who=None, expect=0):
        """The document that an SDK gets, or what is said where there is none."""
        environment = {"PATH": os.environ["PATH"]}
        done = subprocess.run(
            [os.environ["KMS_PROGRAM"], "credential-process", *(who or self.WHO), *more],
            capture_output=True, text=True, env=environment,
        )
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        if expect:
            self.assertEqual(done.stdout, "")
            return done.stderr
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.count("\n"), 1)
        return json.loads(done.stdout)

    def credentials(self, *more, **options):
        given = self.process(*more, **options)
        return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]

    def profile(self, who=None):
        """The environment of an SDK with such a profile and nothing else to sign with."""
        file = SCRATCH / "config"
        words = [os.environ["KMS_PROGRAM"], "credential-process", *(who or self.WHO)]
        file.write_text(f"[profile local]\ncredential_process = {' '.join(words)}\n")
        kept = {name: value for name, value in os.environ.items()
                if name not in ("AWS_SHARED_CREDENTIALS_FILE", "KMS_HOME")}
        return {**kept, "AWS_CONFIG_FILE": str(file), "AWS_PROFILE": "local",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    def sdks_encrypt_and_decrypt(self, arn, who=None):
        """An unmodified AWS CLI and boto3 work with the profile, as `arn`."""
        key = self.key()
        plain = SCRATCH / "plain"
        plain.write_bytes(b"attack at dawn")
        environment = self.profile(who)

        def aws(*words):
            done = subprocess.run(["aws", *words, "--output", "json"], capture_output=True,
                                  text=True, env=environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)

        self.assertEqual(aws("sts", "get-caller-identity")["Arn"], arn)
        sealed = aws("kms", "encrypt", "--key-id", key, "--plaintext", f"fileb://{plain}")
        before = dict(os.environ)
        try:
            os.environ.update(environment)
            client = boto3.Session(region_name=REGION).client("kms", config=config())
            blob = base64.b64decode(sealed["CiphertextBlob"])
            opened = client.decrypt(CiphertextBlob=blob)
            self.assertEqual(opened["Plaintext"], b"attack at dawn")
            again = client.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
            self.assertEqual(client.decrypt(CiphertextBlob=again)["Plaintext"], b"x")
        finally:
            os.environ.clear()
            os.environ.update(before)

    def dead(self, credentials):
        """Nothing is done with the credentials any more, by KMS and by STS."""
        self.refused(
            "UnrecognizedClientException", service("kms", credentials).generate_random,
            NumberOfBytes=4,
        )
        self.fails("InvalidClientTokenId", 403, service("sts", credentials).get_caller_identity)


class Socket(Local):
    PATH = os.environ.get("SOCKET", "")
    WHO = ("--socket", PATH)
    PEER = {"uid": UID, "gid": GID}

    def request(self, method="POST", path="/local/credentials", body=b"{}",
                content_type="application/json"):
        """(status, body) of a request over the socket, as no client of ours sends it."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.PATH)
        try:
            connection.request(method, path, body, {"Content-Type": content_type})
        except BrokenPipeError:
            # The server answers what it does not serve before it has read the body.
            pass
        answer = connection.getresponse()
        return answer.status, answer.read()

    def peer_of(self, record):
        peer = dict(record["additionalEventData"]["peer"])
        self.assertGreater(peer.pop("pid"), 0)
        self.assertEqual(peer, self.PEER)
        return record

    def on_record(self, code, kind="Unknown"):
        """The last record is a refusal with this code, with the peer."""
        record = self.peer_of(records()[0])
        self.assertEqual(record["eventSource"], "sts.amazonaws.com")
        self.assertEqual(record["eventName"], "GetLocalCredentials")
        self.assertEqual(record["errorCode"], code)
        self.assertEqual(record["userIdentity"]["type"], kind)


class MappedUser(Socket):
    def setUp(self):
        kms("user", "create", "ci")
        allow("ci", "kms:*", "iam:*")
        self.iam = service("iam")

    def tearDown(self):
        if "ci" in [user["UserName"] for user in self.iam.list_users()["Users"]]:
            self.end()

    def end(self):
        self.iam.delete_user_policy(UserName="ci", PolicyName="default")
        self.iam.delete_user(UserName="ci")

    def test_sdks_work_as_the_user(self):
        self.sdks_encrypt_and_decrypt(f"arn:aws:iam::{ACCOUNT}:user/ci")

    def test_what_is_given_is_on_record(self):
        given = self.process("--duration-seconds", "900")
        self.assertEqual(
            set(given), {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
        )
        self.assertEqual(given["Version"], 1)
        record = self.peer_of(records()[0])
        self.assertEqual(record["eventName"], "GetLocalCredentials")
        self.assertNotIn("errorCode", record)
        self.assertEqual(record["requestParameters"], {"durationSeconds": 900})
        told = record["responseElements"]["credentials"]
        self.assertEqual(told, {"accessKeyId": given["AccessKeyId"],
                                "expiration": given["Expiration"]})
        identity = record["userIdentity"]
        self.assertEqual((identity["type"], identity["userName"]), ("IAMUser", "ci"))
        self.assertEqual(record["sourceIPAddress"], "localhost")
        text = json.dumps(record)
        self.assertNotIn(given["SecretAccessKey"], text)
        self.assertNotIn(given["SessionToken"], text)

    def test_iam_wants_a_device_first(self):
        iam = service("iam", self.credentials())
        self.fails("InvalidClientTokenId", 403, iam.list_users)

    def test_a_duration_that_cannot_be_is_refused(self):
        said = self.process("--duration-seconds", "899", expect=1)
        self.assertIn("greater than or equal to 900", said)
        self.on_record("ValidationException", "IAMUser")

    def test_what_is_not_the_request_is_refused_and_recorded(self):
        for change in (
            {"content_type": "text/plain"}, {"content_type": "application/x-www-form-urlencoded"},
            {"body": b""}, {"body": b"[900]"}, {"body": b"null"}, {"body": b"{} x"},
            {"body": b'{"RoleArn": "x"}'}, {"body": b'{"DurationSeconds": "900"}'},
            {"body": b'{"DurationSeconds": 900, "DurationSeconds": 900}'},
            {"body": b'{"DurationSeconds": -1}'},
        ):
            with self.subTest(**change):
                status, body = self.request(**change)
                self.assertEqual((status, json.loads(body)["__type"]), (400, "ValidationError"))
                self.on_record("ValidationException")
        status, body = self.request(body=b"{" + b" " * 2000 + b"}")
        self.assertEqual(status, 413)
        self.assertEqual(self.request("GET", body=None)[0], 405)
        self.assertEqual(self.request(path="/local/credentials?x=1")[0], 404)
        self.assertEqual(self.request(path="/local/credentials/")[0], 404)

    def test_nothing_else_is_unsigned_on_the_socket(self):
        status, body = self.request(
            path="/", body=b'{"NumberOfBytes": 4}', content_type="application/x-amz-json-1.1"
        )
        self.assertEqual(status, 400)
        form = "application/x-www-form-urlencoded"
        for action in ("GetCallerIdentity", "GetSessionToken", "GetLocalCredentials"):
            body = f"Action={action}&Version=2011-06-15".encode()
            status, answer = self.request(path="/", body=body, content_type=form)
            self.assertIn(status, (400, 403), answer)

    def test_nothing_is_given_over_tcp(self):
        connection = http.client.HTTPConnection(ENDPOINT.hostname, ENDPOINT.port)
        for method in ("GET", "POST"):
            connection.request(method, "/local/credentials", None,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 404)

    def test_the_session_ends_with_its_user(self):
        old = self.credentials()
        service("kms", old).generate_random(NumberOfBytes=4)
        self.end()
        self.dead(old)
        self.assertIn("GetLocalCredentials", self.process(expect=4))
        self.on_record("AccessDenied")
        kms("user", "create", "ci")
        allow("ci", "kms:*")
        self.dead(old)
        service("kms", self.credentials()).generate_random(NumberOfBytes=4)

    def test_the_policies_are_those_of_the_moment(self):
        given = service("kms", self.credentials())
        given.generate_random(NumberOfBytes=4)
        allow("ci", "kms:*", effect="Deny")
        self.refused("AccessDeniedException", given.generate_random, NumberOfBytes=4)

    def test_the_socket_has_its_mode(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.PATH).st_mode), 0o660)

    def test_an_absent_server_is_said(self):
        said = self.process(who=("--socket", str(SCRATCH / "absent")), expect=3)
        self.assertIn("cannot connect to", said)


class MappedGroup(Socket):
    ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/uid-{UID}"

    def setUp(self):
        self.iam = service("iam")
        self.make()

    def tearDown(self):
        self.end()

    def make(self):
        self.iam.create_role(RoleName="app", Path="/team/", AssumeRolePolicyDocument=NOBODY)
        self.iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ROLE_POLICY)

    def end(self):
        self.iam.delete_role_policy(RoleName="app", PolicyName="p")
        self.iam.delete_role(RoleName="app")

    def test_sdks_work_as_a_session_of_the_role(self):
        self.sdks_encrypt_and_decrypt(self.ARN)

    def test_the_role_s_policies_decide(self):
        given = service("kms", self.credentials())
        self.refused("AccessDeniedException", given.generate_random, NumberOfBytes=4,
                     contains=self.ARN)

    def test_the_session_is_no_longer_than_the_role_allows(self):
        said = self.process("--duration-seconds", "3601", expect=1)
        self.assertIn("MaxSessionDuration", said)
        self.on_record("ValidationException", "AssumedRole")
        self.iam.update_role(RoleName="app", MaxSessionDuration=7200)
        self.process("--duration-seconds", "7200")

    def test_the_session_ends_with_its_role(self):
        old = self.credentials()
        self.assertEqual(service("sts", old).get_caller_identity()["Arn"], self.ARN)
        self.end()
        self.dead(old)
        self.assertIn("GetLocalCredentials", self.process(expect=4))
        self.on_record("AccessDenied")
        self.make()
        self.dead(old)
        self.assertEqual(service("sts", self.credentials()).get_caller_identity()["Arn"], self.ARN)

    def test_the_socket_has_its_mode(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.PATH).st_mode), 0o600)


class Unmapped(Socket):
    def test_who_is_not_mapped_gets_nothing(self):
        said = self.process(expect=4)
        self.assertIn("not mapped to a principal", said)
        self.on_record("AccessDenied")
        status, body = self.request()
        self.assertEqual((status, json.loads(body)["__type"]), (403, "AccessDenied"))

    def test_the_socket_has_its_mode(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.PATH).st_mode), 0o666)


class NobodyMapped(Socket):
    def test_there_is_nothing_where_nobody_is_mapped(self):
        self.assertEqual(self.request()[0], 404)
        self.assertIn("[[peer]]", self.process(expect=4))


class Tls(Local):
    DIRECTORY = pathlib.Path(os.environ.get("CERTIFICATES", "."))

    def who(self, name):
        return ("--endpoint", f"https://localhost:{ENDPOINT.port}",
                "--certificate", str(self.DIRECTORY / f"{name}.pem"),
                "--key", str(self.DIRECTORY / f"{name}.key"),
                "--ca", str(self.DIRECTORY / "authority.pem"))

    def setUp(self):
        self.iam = service("iam")
        if "ci" not in [user["UserName"] for user in self.iam.list_users()["Users"]]:
            kms("user", "create", "ci")
            allow("ci", "kms:Encrypt", "kms:Decrypt")
            self.iam.create_role(RoleName="app", AssumeRolePolicyDocument=NOBODY)
            self.iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ROLE_POLICY)

    def request(self, name=None, version=None):
        """(status, body) of a request with a certificate, or with none."""
        context = ssl.create_default_context(cafile=self.DIRECTORY / "authority.pem")
        if version:
            context.maximum_version = version
        if name:
            context.load_cert_chain(self.DIRECTORY / f"{name}.pem", self.DIRECTORY / f"{name}.key")
        connection = http.client.HTTPSConnection("localhost", ENDPOINT.port, context=context)
        connection.request("POST", "/local/credentials", b"{}",
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def on_record(self, **told):
        record = records()[0]
        self.assertEqual(record["eventName"], "GetLocalCredentials")
        self.assertEqual(record["errorCode"], "AccessDenied")
        self.assertEqual(record["sourceIPAddress"], "127.0.0.1")
        self.assertEqual(record["userIdentity"], {"type": "Unknown"})
        peer = record["additionalEventData"]["peer"]
        self.assertEqual({name: peer[name] for name in told}, told)
        self.assertEqual(len(peer["spkiSha256"]), 64)
        self.assertTrue(peer["serialNumber"])


class Certificates(Tls):
    def test_sdks_work_by_each_kind_of_name(self):
        role = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/spiffe-example.org-ns-app"
        user = f"arn:aws:iam::{ACCOUNT}:user/ci"
        for name, arn in (("uri", role), ("dns", user), ("key", user)):
            with self.subTest(name):
                self.sdks_encrypt_and_decrypt(arn, self.who(name))

    def test_what_is_given_is_on_record(self):
        given = self.process(who=self.who("uri"))
        record = records()[0]
        self.assertEqual(record["userIdentity"]["type"], "AssumedRole")
        self.assertEqual(record["userIdentity"]["invokedBy"], "kms (local caller)")
        told = record["responseElements"]["credentials"]
        self.assertEqual(told["accessKeyId"], given["AccessKeyId"])
        peer = record["additionalEventData"]["peer"]
        self.assertEqual(peer["uriSan"], ["spiffe://example.org/ns/app"])
        self.assertEqual(peer["dnsSan"], ["elsewhere.example.org"])
        self.assertEqual(peer["subject"], "CN=ci")

    def test_older_tls_does_as_well(self):
        self.assertEqual(self.request("uri", ssl.TLSVersion.TLSv1_2)[0], 200)

    def test_a_name_that_is_not_mapped_gets_nothing(self):
        said = self.process(who=self.who("unmapped"), expect=4)
        self.assertIn("not mapped to a principal", said)
        self.on_record(uriSan=["spiffe://example.org/ns/else"])

    def test_a_common_name_is_no_name(self):
        self.process(who=self.who("common-name"), expect=4)
        self.on_record(subject="CN=ci", uriSan=[], dnsSan=[])

    def test_two_mappings_are_none(self):
        said = self.process(who=self.who("two"), expect=4)
        self.assertIn("more than one mapping", said)
        self.on_record(uriSan=["spiffe://example.org/ns/app", "spiffe://example.org/ns/web"])

    def test_what_does_not_verify_is_not_spoken_to(self):
        for name, words in (
            ("foreign", "of no authority that the server trusts"), ("expired", "has expired"),
            ("for-servers", "refuses the certificate"),
        ):
            with self.subTest(name):
                said = self.process(who=self.who(name), expect=4)
                self.assertIn(words, said)

    def test_no_certificate_is_nobody(self):
        for version in (None, ssl.TLSVersion.TLSv1_2):
            status, body = self.request(version=version)
            self.assertEqual(status, 403)
            self.assertIn("no client certificate", json.loads(body)["message"])
            record = records()[0]
            self.assertEqual(record["errorCode"], "AccessDenied")
            self.assertEqual(record["userIdentity"], {"type": "Unknown"})
            self.assertNotIn("additionalEventData", record)

    def test_whoever_signs_needs_no_certificate_and_gets_nothing_by_one(self):
        self.kms.generate_random(NumberOfBytes=4)
        own = (str(self.DIRECTORY / "uri.pem"), str(self.DIRECTORY / "uri.key"))
        signed = boto3.Session(region_name=REGION).client(
            "sts", config=config().merge(Config(client_cert=own))
        )
        arn = signed.get_caller_identity()["Arn"]
        self.assertEqual(arn, f"arn:aws:iam::{ACCOUNT}:root")

    def test_the_command_says_what_is_wrong_with_its_files(self):
        broken = SCRATCH / "open.key"
        broken.write_bytes((self.DIRECTORY / "uri.key").read_bytes())
        broken.chmod(0o644)
        who = list(self.who("uri"))
        who[who.index("--key") + 1] = str(broken)
        self.assertIn("can be read by others", self.process(who=who, expect=1))
        who = list(self.who("uri"))
        who[who.index("--key") + 1] = str(self.DIRECTORY / "dns.key")
        self.assertIn("do not fit", self.process(who=who, expect=1))
        who = list(self.who("uri"))
        who[who.index("--ca") + 1] = str(self.DIRECTORY / "other.pem")
        self.assertIn("give its own with --ca", self.process(who=who, expect=6))
        who = list(self.who("uri"))
        who[1] = f"http://localhost:{ENDPOINT.port}"
        self.assertIn("is not https://", self.process(who=who, expect=2))


class CertificateRequired(Tls):
    def setUp(self):
        pass

    @classmethod
    def setUpClass(cls):
        pass

    def test_nobody_is_served_without_one(self):
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            self.request()
        with self.assertRaises((
            botocore.exceptions.SSLError, botocore.exceptions.ConnectionClosedError,
            botocore.exceptions.HTTPClientError,
        )):
            service("kms").generate_random(NumberOfBytes=4)

    def test_whoever_has_one_is(self):
        self.assertEqual(self.request("uri")[0], 200)
        own = (str(self.DIRECTORY / "unmapped.pem"), str(self.DIRECTORY / "unmapped.key"))
        signed = boto3.Session(region_name=REGION).client(
            "kms", config=config().merge(Config(client_cert=own))
        )
        signed.generate_random(NumberOfBytes=4)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], os.environ["STEP"]])
