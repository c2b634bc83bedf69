"""Every operation once with success and once refused, through the unmodified AWS CLI.

The CLI is called by its own entry in this process: a process for each call costs a second."""

import base64
import contextlib
import io
import json
import os
import pathlib
import unittest

import awscli.clidriver
import botocore.session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import ABSENT, ROOT, Case
from wrapping import wrap

SCRATCH = pathlib.Path(os.environ["KMS_SCRATCH"])
THERE = "eu-central-1"

DRIVER = awscli.clidriver.create_clidriver()


def command(operation):
    """The CLI's name of an operation: `GenerateDataKey` is `generate-data-key`."""
    return botocore.xform_name(operation, "-")


def aws(name, *arguments):
    """The exit status, and what was printed to each stream."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = DRIVER.main(["kms", name, *map(str, arguments), "--output", "json"])
    out.seek(0)
    err.seek(0)
    return status, out.read(), err.read()


def answered(operation, *arguments):
    status, out, err = aws(command(operation), *arguments)
    assert status == 0, f"{operation} {arguments} ended with {status}: {out}{err}"
    return json.loads(out) if out.strip() else {}


def blob(name, content):
    """A file with `content`, as the CLI takes binary parameters."""
    path = SCRATCH / name
    path.write_bytes(content)
    return f"fileb://{path}"


def sealed(name, answer, member):
    return blob(name, base64.b64decode(answer[member]))


def create(*arguments):
    return answered("CreateKey", *arguments)["KeyMetadata"]["KeyId"]


class Rows:
    """The keys and files that the rows use, and the rows: good arguments, AWS's code, bad ones."""

    def __init__(self):
        self.plain = blob("plain", b"plain")
        self.own = create("--description", "own")
        self.ending = create()
        answered("ScheduleKeyDeletion", "--key-id", self.ending)
        self.hmac = create("--key-spec", "HMAC_256", "--key-usage", "GENERATE_VERIFY_MAC")
        self.agreeing = create("--key-spec", "ECC_NIST_P256", "--key-usage", "KEY_AGREEMENT")
        self.signing = create("--key-spec", "ECC_NIST_P256", "--key-usage", "SIGN_VERIFY")
        self.external = create("--origin", "EXTERNAL")
        self.primary = create("--multi-region")
        self.moving = create("--multi-region")
        answered("ReplicateKey", "--key-id", self.moving, "--replica-region", THERE)

    def refused_on(self, key, code, *good):
        """The good arguments on `--key-id KEY`, and the same on a key that refuses them."""
        return ["--key-id", key, *good], code, ["--key-id", ABSENT, *good]

    def absent(self, key, *good):
        return self.refused_on(key, "NotFoundException", *good)

    def all(self):
        made = (self.keys(), self.names(), self.grants(), self.rotation(), self.material())
        rows = {}
        for family in (*made, self.encryption(), self.key_pairs(), self.stores()):
            assert not rows.keys() & family.keys(), "an operation has two rows"
            rows |= family
        return rows

    def keys(self):
        own, ending = ["--key-id", self.own], ["--key-id", self.ending]
        return {
            "CreateKey": ([], "MalformedPolicyDocumentException", ["--policy", "{}x"]),
            "DescribeKey": self.absent(self.own),
            "ListKeys": ([], "InvalidMarkerException", ["--starting-token", marker("mark")]),
            "DisableKey": (["--key-id", create()], "KMSInvalidStateException", ending),
            "EnableKey": (own, "KMSInvalidStateException", ending),
            "ScheduleKeyDeletion": (
                ["--key-id", create(), "--pending-window-in-days", "7"],
                "ValidationException", [*own, "--pending-window-in-days", "6"],
            ),
            "CancelKeyDeletion": (ending, "KMSInvalidStateException", own),
            "UpdateKeyDescription": self.absent(self.own, "--description", "new"),
            "GetKeyPolicy": self.absent(self.own),
            "PutKeyPolicy": (
                [*own, "--policy", allowing("*")],
                "MalformedPolicyDocumentException", [*own, "--policy", allowing("kms:*") + "}"],
            ),
            "ListKeyPolicies": self.absent(self.own),
            "GetKeyLastUsage": self.absent(self.own),
            "ReplicateKey": (
                ["--key-id", self.primary, "--replica-region", THERE],
                "UnsupportedOperationException", [*own, "--replica-region", THERE],
            ),
            "UpdatePrimaryRegion": (
                ["--key-id", self.moving, "--primary-region", THERE],
                "UnsupportedOperationException", [*own, "--primary-region", THERE],
            ),
        }

    def names(self):
        for name in ("moved", "deleted"):
            answered("CreateAlias", "--alias-name", f"alias/{name}", "--target-key-id", self.own)
        moved = ["--alias-name", "alias/moved", "--target-key-id"]
        untag = ["--tag-keys", "team"]
        return {
            "CreateAlias": (
                ["--alias-name", "alias/made", "--target-key-id", self.own],
                "AlreadyExistsException", [*moved, self.own],
            ),
            "UpdateAlias": ([*moved, create()], "NotFoundException", [*moved, ABSENT]),
            "DeleteAlias": (
                ["--alias-name", "alias/deleted"],
                "NotFoundException", ["--alias-name", "alias/absent"],
            ),
            "ListAliases": (["--key-id", self.own], "NotFoundException", ["--key-id", ABSENT]),
            "TagResource": (
                ["--key-id", self.own, "--tags", "TagKey=team,TagValue=blue"],
                "TagException", ["--key-id", self.own, "--tags", "TagKey=aws:x,TagValue=blue"],
            ),
            "UntagResource": self.absent(self.own, *untag),
            "ListResourceTags": self.absent(self.own),
        }

    def grants(self):
        ask = ["--grantee-principal", ROOT, "--operations", "Encrypt"]
        whole = ["--key-id", self.own, *ask, "--retiring-principal", ROOT]
        revoked, retired = (answered("CreateGrant", *whole) for _ in range(2))
        return {
            "CreateGrant": (
                ["--key-id", self.own, *ask], "ValidationException",
                ["--key-id", self.own, "--grantee-principal", ROOT, "--operations", "Guess"],
            ),
            "ListGrants": self.absent(self.own),
            "ListRetirableGrants": (
                ["--retiring-principal", ROOT],
                "InvalidMarkerException",
                ["--retiring-principal", ROOT, "--starting-token", marker("mark")],
            ),
            "RevokeGrant": (
                ["--key-id", self.own, "--grant-id", revoked["GrantId"]],
                "NotFoundException", ["--key-id", self.own, "--grant-id", "0" * 64],
            ),
            "RetireGrant": (
                ["--grant-token", retired["GrantToken"]],
                "InvalidGrantTokenException", ["--grant-token", "forged"],
            ),
        }

    def rotation(self):
        period = ["--rotation-period-in-days", "180"]
        of_pair = ["--key-id", self.signing]
        unsupported = "UnsupportedOperationException"
        return {
            "EnableKeyRotation": (["--key-id", self.own, *period], unsupported, of_pair),
            "DisableKeyRotation": (["--key-id", self.own], unsupported, of_pair),
            "GetKeyRotationStatus": self.absent(self.own),
            "RotateKeyOnDemand": (["--key-id", self.own], unsupported, of_pair),
            "ListKeyRotations": self.absent(self.own),
        }

    def material(self):
        wrapping = [
            "--wrapping-algorithm", "RSA_AES_KEY_WRAP_SHA_256", "--wrapping-key-spec", "RSA_2048",
        ]
        brought = self.bring(self.external, wrapping)
        other = ["--key-id", create("--origin", "EXTERNAL"), *brought[2:]]
        # The rows are played in this order: what was imported is then deleted.
        return {
            "GetParametersForImport": (
                ["--key-id", self.external, *wrapping],
                "UnsupportedOperationException", ["--key-id", self.own, *wrapping],
            ),
            "ImportKeyMaterial": (brought, "InvalidImportTokenException", other),
            "DeleteImportedKeyMaterial": (
                ["--key-id", self.external],
                "UnsupportedOperationException", ["--key-id", self.own],
            ),
        }

    def bring(self, key, wrapping):
        told = answered("GetParametersForImport", "--key-id", key, *wrapping)
        public = {"PublicKey": base64.b64decode(told["PublicKey"])}
        wrapped = wrap(public, "RSA_AES_KEY_WRAP_SHA_256", os.urandom(32))
        return [
            "--key-id", key, "--import-token", sealed(f"token-{key}", told, "ImportToken"),
            "--encrypted-key-material", blob(f"wrapped-{key}", wrapped),
            "--expiration-model", "KEY_MATERIAL_DOES_NOT_EXPIRE",
        ]

    def encryption(self):
        plain = ["--plaintext", self.plain]
        made = answered("Encrypt", "--key-id", self.own, *plain)
        cipher = ["--ciphertext-blob", sealed("cipher", made, "CiphertextBlob")]
        broken = ["--ciphertext-blob", blob("broken", b"\x01" + bytes(150))]
        to = ["--destination-key-id", create()]
        spec, usage = ["--key-spec", "AES_256"], "InvalidKeyUsageException"
        pair = ["--key-pair-spec", "ECC_NIST_P256"]
        return {
            "Encrypt": (
                ["--key-id", self.own, *plain], usage, ["--key-id", self.signing, *plain],
            ),
            "Decrypt": (cipher, "InvalidCiphertextException", broken),
            "ReEncrypt": ([*cipher, *to], "InvalidCiphertextException", [*broken, *to]),
            "GenerateDataKey": (
                ["--key-id", self.own, *spec], usage, ["--key-id", self.signing, *spec],
            ),
            "GenerateDataKeyWithoutPlaintext": (
                ["--key-id", self.own, *spec], usage, ["--key-id", self.signing, *spec],
            ),
            "GenerateDataKeyPair": (
                ["--key-id", self.own, *pair], usage, ["--key-id", self.signing, *pair],
            ),
            "GenerateDataKeyPairWithoutPlaintext": (
                ["--key-id", self.own, *pair], usage, ["--key-id", self.signing, *pair],
            ),
            "GenerateRandom": (
                ["--number-of-bytes", "32"], "ValidationException", ["--number-of-bytes", "1025"],
            ),
        }

    def key_pairs(self):
        message = ["--message", self.plain]
        ecdsa = [*message, "--signing-algorithm", "ECDSA_SHA_256"]
        signed = answered("Sign", "--key-id", self.signing, *ecdsa)
        hmac = [*message, "--mac-algorithm", "HMAC_SHA_256"]
        mac = answered("GenerateMac", "--key-id", self.hmac, *hmac)
        verify = ["--key-id", self.signing, *ecdsa, "--signature"]
        check = ["--key-id", self.hmac, *hmac, "--mac"]
        peer = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        agree = ["--key-agreement-algorithm", "ECDH", "--public-key", blob("peer", peer)]
        usage = "InvalidKeyUsageException"
        return {
            "Sign": (
                ["--key-id", self.signing, *ecdsa], usage, ["--key-id", self.agreeing, *ecdsa],
            ),
            "Verify": (
                [*verify, sealed("signature", signed, "Signature")],
                "KMSInvalidSignatureException", [*verify, blob("no-signature", bytes(70))],
            ),
            "GetPublicKey": (
                ["--key-id", self.signing],
                "UnsupportedOperationException", ["--key-id", self.own],
            ),
            "DeriveSharedSecret": (
                ["--key-id", self.agreeing, *agree], usage, ["--key-id", self.signing, *agree],
            ),
            "GenerateMac": (
                ["--key-id", self.hmac, *hmac], usage, ["--key-id", self.own, *hmac],
            ),
            "VerifyMac": (
                [*check, sealed("mac", mac, "Mac")],
                "KMSInvalidMacException", [*check, blob("no-mac", bytes(32))],
            ),
        }


    def stores(self):
        asked = [
            "--custom-key-store-type", "EXTERNAL_KEY_STORE",
            "--xks-proxy-connectivity", "PUBLIC_ENDPOINT",
            "--xks-proxy-uri-path", os.environ["XKS_PROXY_PATH"],
            "--xks-proxy-authentication-credential", xks_credential(),
        ]
        first = ["--custom-key-store-name", "first"]
        at, elsewhere = (
            ["--xks-proxy-uri-endpoint", url(f"https://{host}.xks.test")]
            for host in ("proxy", "stub")
        )
        made = answered("CreateCustomKeyStore", *first, *asked, *at)["CustomKeyStoreId"]
        named = ["--custom-key-store-id", made]
        absent = ["--custom-key-store-id", "cks-00000000000000000"]
        not_found = "CustomKeyStoreNotFoundException"
        rename = ["--new-custom-key-store-name", "renamed"]
        # The rows are played in this order: the store is deleted at the end of its life.
        return {
            "CreateCustomKeyStore": (
                ["--custom-key-store-name", "second", *asked, *elsewhere],
                "CustomKeyStoreNameInUseException", [*first, *asked, *elsewhere],
            ),
            "UpdateCustomKeyStore": ([*named, *rename], not_found, [*absent, *rename]),
            "ConnectCustomKeyStore": (named, not_found, absent),
            "DescribeCustomKeyStores": (named, not_found, absent),
            "DisconnectCustomKeyStore": (named, not_found, absent),
            "DeleteCustomKeyStore": (named, not_found, absent),
        }


def url(text):
    """An URL as a parameter: the CLI would fetch one that is written there."""
    path = SCRATCH / f"{text.rsplit('/')[-1]}.url"
    path.write_text(text)
    return f"file://{path}"


def xks_credential():
    """What the proxy's server keeps of its client, as the CLI takes it."""
    kept = json.loads(pathlib.Path(os.environ["XKS_CREDENTIAL"]).read_text())
    return json.dumps(kept["XksProxyAuthenticationCredential"])


def marker(text):
    """The CLI's own token for going on at a marker of the service."""
    return base64.b64encode(json.dumps({"Marker": text}).encode()).decode()


def allowing(action):
    allow = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


class AwsCliOperations(Case):
    def refused_by_aws(self, operation, code, arguments):
        status, out, err = aws(command(operation), *arguments)
        self.assertNotEqual(status, 0, f"{operation} {arguments} succeeded: {out}")
        expected = f"An error occurred ({code}) when calling the {operation} operation"
        self.assertIn(expected, err, arguments)

    def test_every_operation_of_the_model_has_a_row_that_succeeds_and_one_that_is_refused(self):
        rows = Rows().all()
        model = botocore.session.get_session().get_service_model("kms")
        self.assertEqual(set(model.operation_names), set(rows))
        for operation, (good, code, bad) in rows.items():
            with self.subTest(operation):
                self.refused_by_aws(operation, code, bad)
                answered(operation, *good)


if __name__ == "__main__":
    unittest.main()
