"""Sessions for whom an identity provider speaks: with its keys in a file, and asked for over HTTP."""

import hashlib
import hmac
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from sts_support import key_of, name, service
from support import ACCOUNT, REGION, kms, policy, statement
from web_identity_support import WebIdentity, encode

ISSUER = os.environ["STATIC_ISSUER"]
PORT = int(os.environ["PROVIDER_PORT"])
LOCAL = f"http://127.0.0.1:{PORT}"


def number(value):
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Rsa:
    alg = "RS256"

    def __init__(self, kid, private=None):
        self.kid = kid
        self.key = private or rsa.generate_private_key(65537, 2048)

    def jwk(self):
        public = self.key.public_key().public_numbers()
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256",
                "n": number(public.n), "e": number(public.e)}

    def sign(self, message):
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


class Ec:
    alg = "ES256"

    def __init__(self, kid):
        self.kid, self.key = kid, ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        point = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "kid": self.kid,
                "x": encode(point.x.to_bytes(32, "big")), "y": encode(point.y.to_bytes(32, "big"))}

    def sign(self, message):
        r, s = utils.decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(signer, header=None, sign=None, **claims):
    """A token; a claim of None is left out."""
    now = int(time.time())
    body = {"iss": ISSUER, "sub": "repo:org/app", "aud": "sts.amazonaws.com", "iat": now,
            "exp": now + 3600, **claims}
    body = {claim: value for claim, value in body.items() if value is not None}
    head = {"alg": signer.alg, "kid": signer.kid, "typ": "JWT", **(header or {})}
    signed = ".".join(encode(json.dumps(part).encode()) for part in (head, body))
    return f"{signed}.{encode((sign or signer.sign)(signed.encode()))}"


with open(os.environ["STATIC_KEY"], "rb") as file:
    STATIC = Rsa("static", serialization.load_pem_private_key(file.read(), None))


class Provider(http.server.BaseHTTPRequestHandler):
    """An identity provider on this machine."""

    signers = [Ec("one")]
    issuer = LOCAL
    asked = []

    def do_GET(self):
        type(self).asked.append(self.path)
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer, "jwks_uri": f"{LOCAL}/keys", "more": 1,
            },
            "/keys": {"keys": [signer.jwk() for signer in self.signers]},
        }
        document = documents.get(self.path)
        body = json.dumps(document or {}).encode()
        self.send_response(200 if document else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class StaticKeys(WebIdentity):
    def test_whom_the_provider_speaks_for_gets_a_session(self):
        provider = self.provider(ISSUER)
        short = provider.split("oidc-provider/")[1]
        role = self.role(provider, {"StringEquals": {
            f"{short}:sub": "repo:org/app", f"{short}:aud": "sts.amazonaws.com",
        }})
        answer = self.assume(role, token(STATIC, repository="org/app"))
        self.assertEqual(answer["SubjectFromWebIdentityToken"], "repo:org/app")
        self.assertEqual(answer["Audience"], "sts.amazonaws.com")
        self.assertEqual(answer["Provider"], provider)
        session = key_of(answer)
        service("kms", session).generate_random(NumberOfBytes=4)
        mine = service("sts", session).get_caller_identity()["Arn"]
        self.assertEqual(mine, answer["AssumedRoleUser"]["Arn"])
        # The claims can be asked for later on.
        found = self.key()
        for repository, allowed in (("org/app", True), ("org/other", False)):
            named = statement(
                role, "Encrypt", Condition={"StringEquals": {f"{short}:repository": repository}}
            )
            self.kms.put_key_policy(KeyId=found, Policy=policy(named))
            call = service("kms", session).encrypt
            if allowed:
                call(KeyId=found, Plaintext=b"x")
            else:
                self.refused("AccessDeniedException", call, KeyId=found, Plaintext=b"x")
        log = kms("audit", "tail", "--output", "json", "-n", "60").decode()
        self.assertIn("WebIdentityUser", log)
        self.assertIn("webIdFederationData", log)

    def test_others_are_denied(self):
        provider = self.provider(ISSUER)
        short = provider.split("oidc-provider/")[1]
        role = self.role(provider, {"StringEquals": {f"{short}:sub": "repo:org/app"}})
        self.rejected("AccessDenied", 403, role, token(STATIC, sub="repo:org/other"))
        absent = f"arn:aws:iam::{ACCOUNT}:role/{name('absent')}"
        self.rejected("AccessDenied", 403, absent, token(STATIC))
        plain = self.role(provider, actions=("sts:AssumeRole",))
        self.rejected("AccessDenied", 403, plain, token(STATIC))
        other = self.role(self.provider(f"https://{uuid.uuid4().hex}.example"))
        self.rejected("AccessDenied", 403, other, token(STATIC))

    def test_tokens_that_are_not_right_are_refused(self):
        role = self.role(self.provider(ISSUER))
        now = int(time.time())
        public = STATIC.key.public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        mac = lambda key: lambda message: hmac.new(key, message, hashlib.sha256).digest()
        stranger = Rsa("static")
        good = token(STATIC)
        head, body, signature = good.split(".")
        wrong = [
            token(STATIC, aud="stranger"),
            token(STATIC, iss=ISSUER + "/"),
            token(STATIC, iss=f"https://{uuid.uuid4().hex}.example"),
            token(STATIC, iat=now + 900, exp=now + 1800),
            token(STATIC, nbf=now + 900),
            token(STATIC, header={"alg": "none"}),
            token(STATIC, header={"alg": "none"}, sign=lambda _: b""),
            token(STATIC, header={"alg": "HS256"}, sign=mac(pem)),
            token(STATIC, header={"alg": "HS256"}, sign=mac(number(public.public_numbers().n).encode())),
            token(STATIC, header={"alg": "PS256"}),
            token(STATIC, header={"kid": "unknown"}),
            token(STATIC, header={"jwk": stranger.jwk(), "kid": "mine"}, sign=stranger.sign),
            token(stranger),
            f"{head}.{body}.{signature[:-4]}AAAA",
            f"{head}.{encode(json.dumps({'sub': 'admin'}).encode())}.{signature}",
            "not.a.token", "x" * 4, "x" * 20001,
        ]
        for shown in wrong:
            self.rejected("InvalidIdentityToken", 400, role, shown)
        self.rejected("ExpiredTokenException", 400, role, token(STATIC, exp=now - 1))
        for claim in ("sub", "exp", "iat", "aud"):
            self.rejected("IDPRejectedClaim", 403, role, token(STATIC, **{claim: None}))
        self.assume(role, good)

    def test_the_party_that_a_token_is_for_counts(self):
        role = self.role(self.provider(ISSUER))
        self.rejected("InvalidIdentityToken", 400, role, token(STATIC, azp="stranger"))
        self.assume(role, token(STATIC, azp="sts.amazonaws.com", aud=["a", "b"]))

    def test_a_session_takes_tags_and_who_is_behind_it_from_the_token(self):
        claims = {
            "https://aws.amazon.com/tags": {
                "principal_tags": {"team": ["kms"]}, "transitive_tag_keys": ["team"],
            },
            "https://aws.amazon.com/source_identity": "alice",
        }
        provider = self.provider(ISSUER)
        bare = self.role(provider)
        self.rejected("AccessDenied", 403, bare, token(STATIC, **claims))
        role = self.role(provider, actions=(
            "sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"
        ))
        answer = self.assume(role, token(STATIC, **claims))
        self.assertEqual(answer["SourceIdentity"], "alice")
        found = self.key()
        tagged = statement(
            role, "Encrypt", Condition={"StringEquals": {
                "aws:PrincipalTag/team": "kms", "aws:SourceIdentity": "alice",
            }}
        )
        self.kms.put_key_policy(KeyId=found, Policy=policy(tagged))
        service("kms", key_of(answer)).encrypt(KeyId=found, Plaintext=b"x")

    def test_the_aws_cli_takes_a_token_from_a_file(self):
        role = self.role(self.provider(ISSUER))
        with tempfile.TemporaryDirectory() as directory:
            with open(f"{directory}/token", "w") as out:
                out.write(token(STATIC))
            with open(f"{directory}/config", "w") as out:
                out.write(
                    f"[profile web]\nrole_arn = {role}\nregion = {REGION}\n"
                    f"web_identity_token_file = {directory}/token\nrole_session_name = pod\n"
                )
            environment = {
                **os.environ, "AWS_CONFIG_FILE": f"{directory}/config", "HOME": directory,
                "AWS_SHARED_CREDENTIALS_FILE": f"{directory}/none",
            }
            environment.pop("AWS_PROFILE", None)
            cli = os.path.join(os.path.dirname(sys.executable), "aws")
            done = subprocess.run(
                [cli, "--profile", "web", "--output", "json", "sts", "get-caller-identity"],
                capture_output=True, text=True, env=environment,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            made = role.rsplit("/", 1)[1]
            self.assertTrue(json.loads(done.stdout)["Arn"].endswith(f"assumed-role/{made}/pod"))


class AskedKeys(WebIdentity):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Provider)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()

    def test_the_keys_of_a_provider_are_asked_for_once(self):
        role = self.role(self.provider(LOCAL))
        signer = Provider.signers[0]
        start = time.monotonic()
        self.assume(role, token(signer, iss=LOCAL))
        self.assertEqual(Provider.asked, ["/.well-known/openid-configuration", "/keys"])
        self.assume(role, token(signer, iss=LOCAL))
        # A name that is not known has the provider asked again, but once a minute at most.
        for kid in ("made-up", "and-another"):
            self.rejected("InvalidIdentityToken", 400, role, token(Ec(kid), iss=LOCAL))
        minutes = (time.monotonic() - start) // 60
        self.assertLessEqual(len(Provider.asked), 2 * (1 + minutes))

    def test_a_provider_that_is_not_there_is_told(self):
        absent = "http://127.0.0.1:9"
        role = self.role(self.provider(absent))
        self.rejected("IDPCommunicationError", 400, role, token(Ec("x"), iss=absent))

    def test_a_provider_elsewhere_has_tls(self):
        for url in (
            "http://192.0.2.1", "http://oidc.example", "ftp://oidc.example", "oidc.example",
            "https://oidc.example/", "https://oidc.example?a=b", "https://user@oidc.example",
        ):
            self.fails(
                "InvalidInput", 400, service("iam").create_open_id_connect_provider, Url=url
            )


class Providers(WebIdentity):
    def test_a_provider_lives_and_dies(self):
        iam = service("iam")
        url = f"https://{uuid.uuid4().hex}.example/id/X"
        arn = iam.create_open_id_connect_provider(
            Url=url, ClientIDList=["a"], ThumbprintList=["0" * 40]
        )["OpenIDConnectProviderArn"]
        self.assertEqual(arn, f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url[8:]}")
        self.fails("EntityAlreadyExists", 409, iam.create_open_id_connect_provider, Url=url)
        own = {"OpenIDConnectProviderArn": arn}
        iam.add_client_id_to_open_id_connect_provider(ClientID="b", **own)
        iam.remove_client_id_from_open_id_connect_provider(ClientID="a", **own)
        iam.update_open_id_connect_provider_thumbprint(ThumbprintList=["1" * 40], **own)
        found = iam.get_open_id_connect_provider(**own)
        self.assertEqual(
            (found["Url"], found["ClientIDList"], found["ThumbprintList"]),
            (url[8:], ["b"], ["1" * 40]),
        )
        listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        self.assertIn({"Arn": arn}, listed)
        iam.delete_open_id_connect_provider(**own)
        self.fails("NoSuchEntity", 404, iam.get_open_id_connect_provider, **own)
        for lists in ({"ThumbprintList": ["xyz"]}, {"ThumbprintList": ["0" * 40] * 6}):
            self.fails("InvalidInput", 400, iam.create_open_id_connect_provider, Url=url, **lists)


if __name__ == "__main__":
    unittest.main()
