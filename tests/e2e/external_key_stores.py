"""Custom key stores of type EXTERNAL_KEY_STORE: one server's keys need another server, or a stub that
misbehaves, for every use."""

import base64
import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support import PATIENCE, Case, config, kms, policy, statement

MANAGER_HOME = os.environ["MANAGER_HOME"]
TLS = os.environ["TLS_DIRECTORY"]
PATH = "/tenant-1/kms/xks/v1"
STUB_PATH = "/kms/xks/v1"


def manager_kms(*arguments):
    """The program `kms` on the home of the server that is a proxy."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    }
    environment["KMS_HOME"] = MANAGER_HOME
    subprocess.run([os.environ["KMS_PROGRAM"], *arguments], check=True, env=environment,
                   capture_output=True)


def manager_client():
    """The KMS client of the root user of the server that is a proxy."""
    with open(f"{MANAGER_HOME}/credentials") as file:
        text = file.read()
    value = lambda name: text.split(name)[1].split("=", 1)[1].split("\n")[0].strip()
    return boto3.Session(
        aws_access_key_id=value("aws_access_key_id"),
        aws_secret_access_key=value("aws_secret_access_key"), region_name="us-east-1",
    ).client("kms", endpoint_url=os.environ["MANAGER_ENDPOINT"], config=config())


def impatient_client():
    """The KMS client of another server on the same store, which gives up on a proxy soon."""
    return boto3.Session().client(
        "kms", endpoint_url=os.environ["IMPATIENT_ENDPOINT"], config=config()
    )


def credential():
    with open(f"{MANAGER_HOME}/xks-proxy.json") as file:
        return json.load(file)["XksProxyAuthenticationCredential"]


class Stub(BaseHTTPRequestHandler):
    """A proxy that does what `mood` says."""

    protocol_version = "HTTP/1.1"
    mood = "well"
    # How many requests a slow proxy holds, and when it answers them after all.
    held = threading.Semaphore(0)
    let_go = threading.Event()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Stub.seen = (self.path, dict(self.headers), body)
        if Stub.mood == "slow":
            let_go = Stub.let_go
            Stub.held.release()
            let_go.wait(PATIENCE)
        if Stub.mood == "large":
            return self.answer(200, b'{"xksProxyVendor":"' + b"a" * 100_000 + b'"}')
        if Stub.mood == "garbage":
            return self.answer(200, b"\x00 not JSON")
        if Stub.mood == "redirect":
            self.send_response(307)
            self.send_header("location", "https://proxy.xks.test" + self.path)
            self.send_header("content-length", "0")
            return self.end_headers()
        if Stub.mood == "not HTTP":
            return self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        if Stub.mood == "closed":
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        if Stub.mood.endswith("Exception"):
            return self.answer(400, {"errorName": Stub.mood, "errorMessage": "stub words"})
        if self.path.endswith("/health"):
            return self.answer(200, {
                "xksProxyFleetSize": 1, "xksProxyVendor": "a", "xksProxyModel": "b",
                "ekmVendor": "c", "later": [1, {"d": None}],
                "ekmFleetDetails": [{"id": "1", "model": "d", "healthStatus": "DEGRADED"}],
            })
        if self.path.endswith("/metadata"):
            return self.answer(200, {"keySpec": "AES_256", "keyUsage": ["DECRYPT", "ENCRYPT", "WRAP"],
                                     "keyStatus": "ENABLED"})
        decode = base64.b64decode
        if self.path.endswith("/encrypt"):
            vector, tag = b"v" * 12, b"t" * 16
            ciphertext = bytes(byte ^ 0x5A for byte in decode(body["plaintext"]))
            whole = decode(body["additionalAuthenticatedData"]) + vector + ciphertext + tag
            if Stub.mood == "corrupt":
                ciphertext = ciphertext[:-1] + b"!"
            encode = lambda part: base64.b64encode(part).decode()
            return self.answer(200, {
                "ciphertext": encode(ciphertext), "initializationVector": encode(vector),
                "authenticationTag": encode(tag),
                "ciphertextDataIntegrityValue": encode(hashlib.sha256(whole).digest()),
            })
        ciphertext = decode(body["ciphertext"])
        if Stub.mood == "wrong plaintext":
            ciphertext = b"\0" * len(ciphertext)
        plaintext = bytes(byte ^ 0x5A for byte in ciphertext)
        return self.answer(200, {"plaintext": base64.b64encode(plaintext).decode()})

    def answer(self, status, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def start_stub():
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["STUB_PORT"])), Stub)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{TLS}/proxy.pem", f"{TLS}/proxy.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Stores(Case):
    def asked(self, name, host="proxy.xks.test", path=PATH, **changes):
        """The parameters of CreateCustomKeyStore."""
        return {
            "CustomKeyStoreName": name, "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "XksProxyConnectivity": "PUBLIC_ENDPOINT",
            "XksProxyUriEndpoint": f"https://{host}", "XksProxyUriPath": path,
            "XksProxyAuthenticationCredential": credential(), **changes,
        }

    def store(self, name, **where):
        made = self.kms.create_custom_key_store(**self.asked(name, **where))
        store = made["CustomKeyStoreId"]
        self.kms.connect_custom_key_store(CustomKeyStoreId=store)
        self.assertEqual(self.described(store)["ConnectionState"], "CONNECTED")
        return store

    def described(self, store):
        found = self.kms.describe_custom_key_stores(CustomKeyStoreId=store)
        return found["CustomKeyStores"][0]

    def external(self, store, key):
        return self.kms.create_key(
            Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId=key
        )["KeyMetadata"]

    def remove(self, store):
        """Disconnects and deletes a store without keys."""
        self.kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        self.kms.delete_custom_key_store(CustomKeyStoreId=store)


class AnotherServer(Stores):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = manager_client()
        manager_kms("user", "create", "xks")
        cls.held = {}
        allowed = policy(statement(
            "arn:aws:iam::111122223333:user/xks", "Encrypt", "Decrypt", "DescribeKey"))
        for alias, parameters in (
            ("hsm-1", {"Policy": allowed}), ("hsm-2", {"Policy": allowed}), ("forbidden", {}),
            ("rsa", {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT", "Policy": allowed}),
        ):
            made = cls.manager.create_key(**parameters)["KeyMetadata"]["KeyId"]
            cls.manager.create_alias(AliasName=f"alias/{alias}", TargetKeyId=made)
            cls.held[alias] = made
        cls.instance = cls("test_1_a_store_and_its_keys_work")
        cls.shared = cls.instance.store("another server")

    def test_1_a_store_and_its_keys_work(self):
        entry = self.described(self.shared)
        self.assertEqual(entry["CustomKeyStoreType"], "EXTERNAL_KEY_STORE")
        proxy = entry["XksProxyConfiguration"]
        self.assertEqual(proxy["UriPath"], PATH)
        self.assertEqual(proxy["AccessKeyId"], credential()["AccessKeyId"])
        self.assertNotIn(credential()["RawSecretAccessKey"], str(entry))
        made = self.external(self.shared, "hsm-1")
        key = made["KeyId"]
        AnotherServer.key_id = key
        self.assertEqual(made["Origin"], "EXTERNAL_KEY_STORE")
        self.assertEqual(made["CustomKeyStoreId"], self.shared)
        self.assertEqual(made["XksKeyConfiguration"], {"Id": "hsm-1"})
        self.assertEqual(made["KeyState"], "Enabled")
        self.assertNotIn("CurrentKeyMaterialId", made)
        context = {"purpose": "test"}
        for plaintext in (b"x", b"attack at dawn", b"p" * 4096):
            blob = self.kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionContext=context)
            blob = blob["CiphertextBlob"]
            opened = self.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
            self.assertEqual((opened["Plaintext"], opened["KeyId"]), (plaintext, made["Arn"]))
        AnotherServer.blob, AnotherServer.context = blob, context
        self.refused("KMSInvalidStateException", self.kms.decrypt, CiphertextBlob=blob,
                     contains="ciphertext or encryption context is corrupted")
        ordinary = self.key()
        out = self.kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context,
                                  DestinationKeyId=ordinary)["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(CiphertextBlob=out)["Plaintext"], b"p" * 4096)
        other = self.external(self.shared, "hsm_2")["KeyId"]
        both = self.kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context,
                                   DestinationKeyId=other)["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(CiphertextBlob=both)["Plaintext"], b"p" * 4096)
        data_key = self.kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        opened = self.kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"]
        self.assertEqual(opened, data_key["Plaintext"])
        sealed = self.kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=64)
        opened = self.kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"]
        self.assertEqual(len(opened), 64)
        pair = self.kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")
        opened = self.kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"]
        self.assertEqual(opened, pair["PrivateKeyPlaintext"])

    def test_2_what_the_key_manager_refuses_is_told(self):
        create = self.kms.create_key
        where = {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": self.shared}
        self.refused("XksKeyAlreadyInUseException", create, XksKeyId="hsm-1", **where)
        for unknown in ("unlisted", "nowhere"):
            self.refused("XksKeyNotFoundException", create, XksKeyId=unknown, **where)
        self.refused("XksKeyInvalidConfigurationException", create, XksKeyId="hsm.rsa", **where)
        self.refused("KMSInvalidStateException", create, XksKeyId="forbidden", **where,
                     contains="denied access to the operation")
        self.refused("UnsupportedOperationException", self.kms.enable_key_rotation,
                     KeyId=self.key_id)
        self.manager.disable_key(KeyId=self.held["hsm-1"])
        use = {"KeyId": self.key_id, "Plaintext": b"x"}
        self.refused("KMSInvalidStateException", self.kms.encrypt, **use,
                     contains="is not enabled in the external key manager")
        self.manager.enable_key(KeyId=self.held["hsm-1"])
        self.manager.rotate_key_on_demand(KeyId=self.held["hsm-1"])
        opened = self.kms.decrypt(CiphertextBlob=self.blob, EncryptionContext=self.context)
        self.assertEqual(opened["Plaintext"], b"p" * 4096)

    def test_3_a_disconnected_store_stops_every_use(self):
        self.kms.disconnect_custom_key_store(CustomKeyStoreId=self.shared)
        state = self.kms.describe_key(KeyId=self.key_id)["KeyMetadata"]["KeyState"]
        self.assertEqual(state, "Unavailable")
        words = "is in a custom key store that is not connected"
        invalid = "KMSInvalidStateException"
        self.refused(invalid, self.kms.encrypt, KeyId=self.key_id, Plaintext=b"x", contains=words)
        self.refused(invalid, self.kms.decrypt, CiphertextBlob=self.blob,
                     EncryptionContext=self.context, contains=words)
        kms("encrypt", "-k", self.key_id, expect=self.refusal_of_state(), data=b"x")
        self.refused("CustomKeyStoreHasCMKsException", self.kms.delete_custom_key_store,
                     CustomKeyStoreId=self.shared)
        self.kms.connect_custom_key_store(CustomKeyStoreId=self.shared)
        opened = self.kms.decrypt(CiphertextBlob=self.blob, EncryptionContext=self.context)
        self.assertEqual(opened["Plaintext"], b"p" * 4096)

    def refusal_of_state(self):
        environment = {n: v for n, v in os.environ.items() if not n.startswith("AWS_")}
        done = subprocess.run([os.environ["KMS_PROGRAM"], "encrypt", "-k", self.key_id],
                              input=b"x", capture_output=True, env=environment)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"not connected", done.stderr)
        return done.returncode

    def test_4_settings_that_do_not_fit_are_refused(self):
        create = self.kms.create_custom_key_store
        wrong = {"AccessKeyId": credential()["AccessKeyId"], "RawSecretAccessKey": "w" * 43}
        unknown = {**credential(), "AccessKeyId": "B" * 20}
        for bad in (wrong, unknown):
            self.refused("XksProxyIncorrectAuthenticationCredentialException",
                         self.kms.update_custom_key_store, CustomKeyStoreId=self.shared,
                         XksProxyAuthenticationCredential=bad)
        self.refused("XksProxyInvalidConfigurationException", create,
                     **self.asked("elsewhere", path="/tenant-2/kms/xks/v1"))
        self.refused("XksProxyUriInUseException", create, **self.asked("twice"))
        self.refused("CustomKeyStoreNameInUseException", create, **self.asked("another server"))
        # The name is not on the certificate; nobody listens; a name that leads into the machine.
        self.refused("XksProxyUriUnreachableException", create,
                     **self.asked("untrusted", host="other.xks.test"), contains="TLS")
        for host in ("localhost.localdomain", "absent.xks.test"):
            self.refused("XksProxyUriUnreachableException", create,
                         **self.asked("nowhere", host=host), contains="cannot communicate")
        for host in ("127.0.0.1", "localhost"):
            self.refused("XksProxyInvalidConfigurationException", create,
                         **self.asked("address", host=host))
        self.refused("XksProxyVpcEndpointServiceNotFoundException", create, **self.asked(
            "vpc", XksProxyConnectivity="VPC_ENDPOINT_SERVICE",
            XksProxyVpcEndpointServiceName="com.amazonaws.vpce.us-east-1.vpce-svc-0abc"))
        self.refused("CloudHsmClusterNotFoundException", create, CustomKeyStoreName="hsm",
                     CloudHsmClusterId="cluster-abcdefghijk", TrustAnchorCertificate="x",
                     KeyStorePassword="password")
        self.refused("CustomKeyStoreInvalidStateException", self.kms.update_custom_key_store,
                     CustomKeyStoreId=self.shared, XksProxyUriEndpoint="https://stub.xks.test")

    def test_5_the_proxy_takes_signed_requests_of_the_specification_alone(self):
        metadata = {"kmsRequestId": "1", "kmsOperation": "Encrypt",
                    "awsPrincipalArn": "arn:aws:iam::1:user/a", "kmsKeyArn": "arn:k", "later": 1}
        encode = lambda data: base64.b64encode(data).decode()
        encrypt = {"requestMetadata": metadata, "plaintext": encode(b"Hello World!"),
                   "encryptionAlgorithm": "AES_GCM", "additionalAuthenticatedData": encode(b"aad"),
                   "ciphertextDataIntegrityValueAlgorithm": "SHA_256"}
        status, made = self.ask("/keys/hsm-1/encrypt", encrypt)
        self.assertEqual(status, 200, made)
        part = lambda name: base64.b64decode(made[name])
        self.assertEqual(len(part("ciphertext")), 12)
        self.assertEqual(len(part("authenticationTag")), 16)
        value = hashlib.sha256(b"aad" + part("ciphertextMetadata") + part("initializationVector")
                               + part("ciphertext") + part("authenticationTag")).digest()
        self.assertEqual(part("ciphertextDataIntegrityValue"), value)
        decrypt = {name: made[name] for name in ("ciphertext", "ciphertextMetadata",
                                                 "initializationVector", "authenticationTag")}
        decrypt.update(requestMetadata=metadata, encryptionAlgorithm="AES_GCM",
                       additionalAuthenticatedData=encode(b"aad"))
        status, opened = self.ask("/keys/hsm-1/decrypt", decrypt)
        self.assertEqual((status, base64.b64decode(opened["plaintext"])), (200, b"Hello World!"))
        with_other = lambda **change: {**decrypt, **change}
        for body in (
            with_other(additionalAuthenticatedData=encode(b"aae")),
            with_other(ciphertextMetadata=encode(b"m" * 20)),
            with_other(ciphertextMetadata=encode(b"")),
            with_other(initializationVector=encode(b"v" * 16)),
            with_other(authenticationTag=encode(b"t" * 16)),
        ):
            status, refused = self.ask("/keys/hsm-1/decrypt", body)
            self.assertEqual((status, refused["errorName"]), (400, "InvalidCiphertextException"))
        status, refused = self.ask("/keys/hsm_2/decrypt", decrypt)
        self.assertEqual((status, refused["errorName"]), (400, "InvalidCiphertextException"))
        for body in (
            {}, [], {**encrypt, "encryptionAlgorithm": "AES_CBC"}, {**encrypt, "plaintext": ""},
            {**encrypt, "plaintext": "*"}, {**encrypt, "plaintext": encode(b"p" * 4301)},
            {**encrypt, "additionalAuthenticatedData": encode(b"a" * 8193)},
            {**encrypt, "ciphertextDataIntegrityValueAlgorithm": "MD5"},
            {**encrypt, "requestMetadata": {}}, {**encrypt, "requestMetadata": ["a"]},
        ):
            status, refused = self.ask("/keys/hsm-1/encrypt", body)
            self.assertEqual((status, refused["errorName"]), (400, "ValidationException"), body)
        status, _ = self.ask("/keys/hsm-1/encrypt", {
            **encrypt, "plaintext": encode(b"p" * 4300),
            "additionalAuthenticatedData": encode(b"a" * 8192)})
        self.assertEqual(status, 200)
        for path, name, expected in (
            ("/keys/unlisted/encrypt", "KeyNotFoundException", 404),
            ("/keys/forbidden/encrypt", "AccessDeniedException", 403),
            ("/keys/hsm.rsa/encrypt", "InvalidKeyUsageException", 400),
            ("/keys/hsm-1/delete", "InvalidUriPathException", 404),
            ("/health/more", "InvalidUriPathException", 404),
        ):
            status, refused = self.ask(path, encrypt)
            self.assertEqual((status, refused.get("errorName")), (expected, name), path)
        for change in ({"service": "kms"}, {"region": "eu-west-1"}, {"secret": "w" * 43},
                       {"id": "B" * 20}, {"skew": 600}, {"tamper": True}, {"unsigned": True}):
            status, refused = self.ask("/keys/hsm-1/encrypt", encrypt, **change)
            name = "AuthenticationFailedException"
            self.assertEqual((status, refused["errorName"]), (401, name), change)
        status, healthy = self.ask("/health", {"requestMetadata": metadata})
        self.assertEqual((status, healthy["ekmFleetDetails"][0]["healthStatus"]), (200, "ACTIVE"))
        status, _ = self.ask("/health", None, method="GET")
        self.assertEqual(status, 405)

    def ask(self, path, body, method="POST", service="kms-xks-proxy", region="us-east-1", id=None,
            secret=None, skew=0, tamper=False, unsigned=False):
        """A request to the proxy, signed by botocore."""
        known = credential()
        data = None if body is None else json.dumps(body).encode()
        host = f"proxy.xks.test:{os.environ['PROXY_PORT']}"
        request = AWSRequest(method=method, url=f"https://{host}{PATH}{path}", data=data,
                             headers={"Content-Type": "application/json", "Host": host})
        signer = SigV4Auth(
            Credentials(id or known["AccessKeyId"], secret or known["RawSecretAccessKey"]),
            service, region)
        if not unsigned:
            signer.add_auth(request)
        if skew:
            from unittest import mock
            import botocore.auth, datetime
            moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=skew)
            request = AWSRequest(method=method, url=f"https://{host}{PATH}{path}", data=data,
                                 headers={"Content-Type": "application/json", "Host": host})
            with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
                signer.add_auth(request)
        if tamper:
            data += b" "
        context = ssl.create_default_context(cafile=f"{TLS}/proxy.pem")
        context.check_hostname = False
        url = f"https://127.0.0.1:{os.environ['PROXY_PORT']}{PATH}{path}"
        sent = urllib.request.Request(url, data=data, method=method, headers=dict(request.headers))
        try:
            with urllib.request.urlopen(sent, context=context) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def test_9_a_key_manager_that_is_gone_is_told(self):
        os.kill(int(os.environ["MANAGER_PROCESS"]), signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        words = ""
        while "cannot communicate" not in words and time.monotonic() < deadline:
            words = self.refused("KMSInvalidStateException", self.kms.encrypt, KeyId=self.key_id,
                                 Plaintext=b"x") if not self.works() else ""
        self.assertIn("AWS KMS cannot communicate with the external key store proxy", words)
        self.kms.disconnect_custom_key_store(CustomKeyStoreId=self.shared)
        self.kms.connect_custom_key_store(CustomKeyStoreId=self.shared)
        entry = self.described(self.shared)
        self.assertEqual(entry["ConnectionState"], "FAILED")
        self.assertEqual(entry["ConnectionErrorCode"], "XKS_PROXY_NOT_REACHABLE")
        self.refused("CustomKeyStoreInvalidStateException", self.kms.connect_custom_key_store,
                     CustomKeyStoreId=self.shared)

    def works(self):
        try:
            self.kms.encrypt(KeyId=self.key_id, Plaintext=b"x")
            return True
        except self.kms.exceptions.KMSInvalidStateException:
            return False


class Misbehaving(Stores):
    def test_whatever_a_proxy_does_is_answered(self):
        Stub.mood = "well"
        where = {"host": "stub.xks.test", "path": STUB_PATH}
        store = self.store("stub", **where)
        path, headers, body = Stub.seen
        self.assertEqual(path, f"{STUB_PATH}/health")
        self.assertEqual(body["requestMetadata"]["kmsOperation"], "ConnectCustomKeyStore")
        self.assertIn("/us-east-1/kms-xks-proxy/aws4_request", headers["authorization"])
        key = self.external(store, "k1")["KeyId"]
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        path, _, body = Stub.seen
        self.assertEqual(path, f"{STUB_PATH}/keys/k1/encrypt")
        metadata = body["requestMetadata"]
        self.assertEqual(metadata["kmsKeyArn"], self.arn(key))
        self.assertEqual(metadata["awsPrincipalArn"], "arn:aws:iam::111122223333:root")
        self.assertEqual(metadata["kmsOperation"], "Encrypt")
        self.assertNotIn(b"x", [base64.b64decode(body["plaintext"])])
        ordinary = self.key()
        impatient = impatient_client()
        malformed = "cannot interpret the response"
        for mood, words in (
            ("large", malformed), ("garbage", malformed), ("redirect", malformed),
            ("slow", "did not respond in time"), ("NonsenseException", malformed),
            ("closed", "cannot communicate"), ("not HTTP", malformed),
            ("ThrottlingException", "very high request rate"),
        ):
            with self.subTest(mood):
                Stub.mood = mood
                # A slow proxy has not answered yet when the caller is refused.
                asked = impatient if mood == "slow" else self.kms
                self.refused("KMSInvalidStateException", asked.decrypt, CiphertextBlob=blob,
                             contains=words)
        self.let_go()
        Stub.mood = "corrupt"
        self.refused("KMSInvalidStateException", self.kms.encrypt, KeyId=key, Plaintext=b"x",
                     contains=malformed)
        Stub.mood = "wrong plaintext"
        self.refused("KMSInvalidStateException", self.kms.decrypt, CiphertextBlob=blob,
                     contains="that the external key store proxy submitted for decryption")
        for mood, code in (("garbage", "XKS_PROXY_INVALID_RESPONSE"),
                           ("slow", "XKS_PROXY_TIMED_OUT"),
                           ("AuthenticationFailedException", "INVALID_CREDENTIALS")):
            Stub.mood = mood
            self.kms.disconnect_custom_key_store(CustomKeyStoreId=store)
            asked = impatient if mood == "slow" else self.kms
            asked.connect_custom_key_store(CustomKeyStoreId=store)
            self.assertEqual(self.described(store)["ConnectionErrorCode"], code)
        self.let_go()
        self.kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        self.kms.connect_custom_key_store(CustomKeyStoreId=store)
        # While many wait for a slow proxy, others do not wait with them: who waited is answered
        # after them. A machine that is so slow that nobody waits so long tries again.
        self.assertTrue(any(self.others_come_first(blob, ordinary) for _ in range(10)),
                        "the others waited with them")
        self.assertEqual(self.kms.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")

    def let_go(self):
        Stub.mood = "well"
        Stub.let_go.set()
        Stub.let_go, Stub.held = threading.Event(), threading.Semaphore(0)

    def others_come_first(self, blob, ordinary):
        opened = []
        Stub.mood = "slow"
        waiting = [threading.Thread(target=self.open, args=(blob, opened)) for _ in range(4)]
        for thread in waiting:
            thread.start()
        for _ in waiting:
            Stub.held.acquire(timeout=PATIENCE)
        self.kms.encrypt(KeyId=ordinary, Plaintext=b"x")
        self.kms.tag_resource(KeyId=ordinary, Tags=[{"TagKey": "a", "TagValue": "b"}])
        self.let_go()
        for thread in waiting:
            thread.join()
        return b"x" in opened

    def open(self, blob, opened):
        try:
            opened.append(self.kms.decrypt(CiphertextBlob=blob)["Plaintext"])
        except self.kms.exceptions.KMSInvalidStateException:
            pass


class Administration(Stores):
    def test_stores_are_listed_page_by_page_and_permitted_by_identity_policies(self):
        Stub.mood = "well"
        stores = {
            self.kms.create_custom_key_store(**self.asked(
                f"page {number}", host="stub.xks.test", path=f"/p{number}/kms/xks/v1",
            ))["CustomKeyStoreId"] for number in range(10)
        }
        self.refused("LimitExceededException", self.kms.create_custom_key_store, **self.asked(
            "one too many", host="stub.xks.test", path="/p/kms/xks/v1"))
        seen, marker = [], {}
        while True:
            page = self.kms.describe_custom_key_stores(Limit=4, **marker)
            seen += [entry["CustomKeyStoreId"] for entry in page["CustomKeyStores"]]
            if not page["Truncated"]:
                break
            marker = {"Marker": page["NextMarker"]}
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual(stores, set(seen))
        named = self.kms.describe_custom_key_stores(CustomKeyStoreName="page 1")
        self.assertIn(named["CustomKeyStores"][0]["CustomKeyStoreId"], stores)
        self.refused("CustomKeyStoreNotFoundException", self.kms.describe_custom_key_stores,
                     CustomKeyStoreName="page 10")
        first = sorted(stores)[0]
        self.kms.update_custom_key_store(CustomKeyStoreId=first, NewCustomKeyStoreName="renamed")
        self.assertEqual(self.described(first)["CustomKeyStoreName"], "renamed")
        for store in stores:
            self.kms.delete_custom_key_store(CustomKeyStoreId=store)
            self.refused("CustomKeyStoreNotFoundException", self.kms.delete_custom_key_store,
                         CustomKeyStoreId=store)


def setUpModule():
    start_stub()


if __name__ == "__main__":
    unittest.main()
