"""Sessions for whom a real identity provider speaks: Django OAuth Toolkit in a process of its own, over
TLS, asked for its keys by the server; its tokens are those of a login, exchanged by the unmodified
boto3 and AWS CLI for credentials that use a key."""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import subprocess
import sys
import time
import unittest
import urllib.parse

import botocore.exceptions
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sts_support import key_of, service
from support import PATIENCE, REGION, policy, statement
from web_identity_support import WebIdentity, encode

DIRECTORY = os.environ["PROVIDER_DIRECTORY"]
PORTS = os.environ["PROVIDER_PORTS"].split(",")
CALLBACK = "https://client.example/callback"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def write_key(name):
    made = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = os.path.join(DIRECTORY, f"{name}.pem")
    with open(path, "wb") as out:
        out.write(made)
    return path


class Provider:
    """The process, and what a browser and a client do with it."""

    def __init__(self, port, certificate="provider"):
        self.port, self.certificate, self.process = port, certificate, None
        self.issuer = f"https://localhost:{port}/id"
        self.database = os.path.join(DIRECTORY, f"{port}.sqlite")
        self.start(write_key(port))

    def start(self, *keys, seconds=3600):
        """Starts it, or starts it anew with other keys or another lifetime of tokens."""
        self.stop()
        self.keys = keys
        program = os.path.join(os.path.dirname(__file__), "oidc_provider.py")
        files = [os.path.join(DIRECTORY, f"{self.certificate}.{kind}") for kind in ("pem", "key")]
        self.process = subprocess.Popen(
            [sys.executable, program, self.port, self.database, *files, str(seconds), *keys],
            stdout=subprocess.PIPE, text=True,
        )
        said = self.process.stdout.readline()
        assert said == "serving\n", f"the provider did not start: {said}"

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def browser(self):
        session = requests.Session()
        session.trust_env = False
        session.verify = os.path.join(DIRECTORY, f"{self.certificate}.pem")
        return session

    def discovery(self):
        return self.browser().get(f"{self.issuer}/.well-known/openid-configuration").json()

    def public_key(self):
        """The active public key, in the form that key confusion takes for a secret."""
        with open(self.keys[0], "rb") as file:
            public = serialization.load_pem_private_key(file.read(), None).public_key()
        return public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def token(self, who="alice", client="kms"):
        """Logs in as a browser does, and exchanges the authorization code for the ID token."""
        browser, found = self.browser(), self.discovery()
        verifier = secrets.token_urlsafe(48)
        asked = {
            "response_type": "code", "client_id": client, "redirect_uri": CALLBACK,
            "scope": "openid", "state": secrets.token_urlsafe(8), "code_challenge_method": "S256",
            "code_challenge": encode(hashlib.sha256(verifier.encode()).digest()),
        }
        page = browser.get(found["authorization_endpoint"], params=asked)
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text).group(1)
        answer = browser.post(
            page.url, headers={"Referer": page.url}, allow_redirects=False,
            data={"username": who, "password": who, "csrfmiddlewaretoken": hidden},
        )
        target = urllib.parse.urljoin(page.url, answer.headers["Location"])
        answer = browser.get(target, allow_redirects=False)
        given = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
        assert given["state"] == asked["state"], given
        answer = browser.post(found["token_endpoint"], data={
            "grant_type": "authorization_code", "code": given["code"], "client_id": client,
            "redirect_uri": CALLBACK, "code_verifier": verifier,
        })
        answer.raise_for_status()
        return answer.json()["id_token"]


def parts(token):
    """Header, claims and signature."""
    head, body, signature = token.split(".")
    return json.loads(decode(head)), json.loads(decode(body)), decode(signature)


def forged(token, head=None, claims=None, sign=None):
    """The token with parts of it changed; signed anew by `sign`, or else as it was."""
    was_head, was_claims, signature = parts(token)
    changed = [{**was_head, **(head or {})}, {**was_claims, **(claims or {})}]
    signed = ".".join(encode(json.dumps(part).encode()) for part in changed)
    return f"{signed}.{encode(sign(signed.encode()) if sign else signature)}"


class RealProvider(WebIdentity):
    """A test with providers of its own."""

    providers = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in cls.providers:
            made = Provider(PORTS.pop(), certificate=cls.providers[name])
            cls.addClassCleanup(made.stop)
            setattr(cls, name, made)

    def trusting(self, provider=None, subject="1", clients=("kms",)):
        """A role for one person at a provider."""
        provider = provider or self.login
        arn = self.provider(provider.issuer, *clients)
        name = provider.issuer.split("://")[1]
        return self.role(arn, {"StringEquals": {
            f"{name}:sub": subject, f"{name}:aud": list(clients),
        }})

    def key_for(self, role):
        """A key that the sessions of a role may encrypt with, and nothing more."""
        found = self.key()
        self.kms.put_key_policy(KeyId=found, Policy=policy(statement(role, "Encrypt")))
        return found


class Exchange(RealProvider):
    providers = {"login": "provider", "other": "provider"}

    def test_a_login_gives_credentials_that_use_a_key(self):
        shown, role = self.login.token(), self.trusting()
        head, claims, _ = parts(shown)
        self.assertEqual((head["alg"], claims["iss"]), ("RS256", self.login.issuer))
        answer = self.assume(role, shown)
        self.assertEqual(answer["SubjectFromWebIdentityToken"], claims["sub"])
        self.assertEqual(answer["Audience"], "kms")
        session, found = service("kms", key_of(answer)), self.key_for(role)
        session.encrypt(KeyId=found, Plaintext=b"x")
        self.refused("AccessDeniedException", session.describe_key, KeyId=found)

    def test_boto3_and_the_aws_cli_exchange_the_token_in_a_file(self):
        role = self.trusting()
        found = self.key_for(role)
        file = os.path.join(DIRECTORY, "token")
        with open(file, "w") as out:
            out.write(self.login.token())
        profile = os.path.join(DIRECTORY, "config")
        with open(profile, "w") as out:
            out.write(
                f"[profile web]\nrole_arn = {role}\nregion = {REGION}\nrole_session_name = pod\n"
                f"web_identity_token_file = {file}\n"
            )
        environment = {
            **os.environ, "AWS_CONFIG_FILE": profile, "HOME": DIRECTORY,
            "AWS_SHARED_CREDENTIALS_FILE": f"{DIRECTORY}/none", "AWS_PROFILE": "web",
        }
        plain = os.path.join(DIRECTORY, "plain")
        with open(plain, "w") as out:
            out.write("attack at dawn")
        cli = os.path.join(os.path.dirname(sys.executable), "aws")
        encrypt = [cli, "kms", "encrypt", "--key-id", found, "--plaintext", f"fileb://{plain}"]
        boto = ("import boto3, sys; boto3.client('kms').encrypt(KeyId=sys.argv[1], Plaintext=b'x');"
                "print(boto3.client('sts').get_caller_identity()['Arn'])")
        for command in (encrypt, [sys.executable, "-c", boto, found]):
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.strip().endswith("/pod"), done.stdout)
        # The same by the settings of a container, without a profile.
        bare = {name: value for name, value in environment.items() if name not in (
            "AWS_PROFILE", "AWS_CONFIG_FILE")}
        bare.update(AWS_ROLE_ARN=role, AWS_WEB_IDENTITY_TOKEN_FILE=file, AWS_REGION=REGION)
        done = subprocess.run(
            [sys.executable, "-c", boto, found], capture_output=True, text=True, env=bare
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(file, "w") as out:
            out.write(self.login.token("mallory"))
        done = subprocess.run(encrypt, capture_output=True, text=True, env=environment)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("(AccessDenied) when calling the AssumeRoleWithWebIdentity", done.stderr)

    def test_tokens_for_others_are_refused(self):
        role = self.trusting()
        self.rejected("AccessDenied", 403, role, self.login.token("mallory"))
        self.rejected("InvalidIdentityToken", 400, role, self.login.token(client="shop"))
        # A token of a provider that is not registered, and then is, and is not the role's.
        stranger = self.other.token()
        self.rejected("InvalidIdentityToken", 400, role, stranger)
        theirs = self.trusting(self.other)
        self.rejected("AccessDenied", 403, role, stranger)
        self.rejected("AccessDenied", 403, theirs, self.login.token())
        self.assume(theirs, stranger)
        # What one provider signed is not believed of another.
        moved = forged(stranger, claims={"iss": self.login.issuer})
        self.rejected("InvalidIdentityToken", 400, role, moved)

    def test_tokens_that_were_tampered_with_are_refused(self):
        role, shown = self.trusting(), self.login.token()
        _, claims, signature = parts(shown)
        pem = self.login.public_key()
        mac = lambda key: lambda message: hmac.new(key, message, hashlib.sha256).digest()
        flipped = signature[:-1] + bytes([signature[-1] ^ 1])
        stranger = rsa.generate_private_key(65537, 2048)
        signed = lambda message: stranger.sign(message, padding.PKCS1v15(), hashes.SHA256())
        for wrong in (
            forged(shown, {"alg": "none"}),
            forged(shown, {"alg": "none"}, sign=lambda _: b""),
            forged(shown, {"alg": "HS256"}, sign=mac(pem)),
            forged(shown, {"alg": "HS256"}, sign=mac(pem.strip())),
            forged(shown, {"kid": "unknown"}),
            forged(shown, {"kid": "unknown"}, sign=signed),
            forged(shown, sign=signed),
            forged(shown, sign=lambda _: flipped),
            forged(shown, claims={"sub": "2"}),
            forged(shown, claims={"aud": "shop"}),
            forged(shown, claims={"exp": claims["exp"] + 3600}),
            forged(shown, claims={"iss": self.login.issuer + "/"}),
            shown[:-1], shown + ".", shown.rsplit(".", 1)[0] + ".",
        ):
            self.rejected("InvalidIdentityToken", 400, role, wrong)
        self.assume(role, shown)

    def test_a_provider_with_a_certificate_of_nobody_is_not_asked(self):
        """The same program behind a certificate that no authority of the configuration vouches for."""
        impostor = Provider(PORTS.pop(), certificate="impostor")
        self.addCleanup(impostor.stop)
        role = self.trusting(impostor)
        self.rejected("IDPCommunicationError", 400, role, impostor.token())


class Life(RealProvider):
    providers = {"login": "provider"}

    def test_tokens_expire_and_keys_change(self):
        role, provider = self.trusting(), self.login
        old = provider.token()
        self.assume(role, old)
        first = provider.keys[0]
        provider.start(first, seconds=1)
        short = provider.token()
        time.sleep(2)
        self.rejected("ExpiredTokenException", 400, role, short)
        # A new key signs and the old one is still published, as providers rotate.
        second = write_key("second")
        provider.start(second, first)
        new = provider.token()
        self.assertNotEqual(parts(new)[0]["kid"], parts(old)[0]["kid"])
        self.until_it_is_asked_again(role, new)
        self.assume(role, old)
        # What is known counts while the provider is away.
        provider.stop()
        self.assume(role, new)
        withdrawn = forged(new, {"kid": "third"})
        self.rejected("InvalidIdentityToken", 400, role, withdrawn)

    def until_it_is_asked_again(self, role, shown):
        """The server asks a provider once a minute at most: until then the key is not known."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return self.assume(role, shown)
            except botocore.exceptions.ClientError as refused:
                self.assertEqual(refused.response["Error"]["Code"], "InvalidIdentityToken")
                self.assertLess(time.monotonic(), give_up)
                time.sleep(2)


if __name__ == "__main__":
    unittest.main()
