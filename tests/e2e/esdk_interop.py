"""A file that `kms encrypt` wrote opens in AWS's own Encryption SDK through the server, and the
reverse, byte for byte."""

import hashlib
import os
import pathlib
import unittest

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateMultiKeyringInput,
    CreateRawRsaKeyringInput,
    DiscoveryFilter,
    PaddingScheme,
)
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import AlgorithmSuite
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support import ACCOUNT, Case, kms

FRAME = 64 * 1024
SIZES = (0, 1, FRAME - 1, FRAME, FRAME + 1, 10 * 1024 * 1024)
CONTEXT = {"purpose": "interop", "tenant": "blau"}
SCRATCH = pathlib.Path(os.environ["KMS_SCRATCH"])


class Interop(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key_arn = kms("key", "create", "--alias", "alias/interop").decode().strip()
        cls.providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        cls.keyring = cls.providers.create_aws_kms_keyring(
            input=CreateAwsKmsKeyringInput(kms_key_id=cls.key_arn, kms_client=cls.kms)
        )
        cls.sdk = aws_encryption_sdk.EncryptionSDKClient(
            commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
        )

    def test_what_kms_encrypts_the_sdk_decrypts(self):
        for size in SIZES:
            with self.subTest(size=size):
                plaintext, message = os.urandom(size), SCRATCH / "message"
                source = SCRATCH / "plaintext"
                source.write_bytes(plaintext)
                context = [part for pair in CONTEXT.items() for part in ("--context", "=".join(pair))]
                kms("encrypt", "-k", "alias/interop", *context, "-o", str(message), str(source))
                opened, header = self.sdk.decrypt(
                    source=message.read_bytes(), keyring=self.keyring, encryption_context=CONTEXT
                )
                self.assertEqual(opened, plaintext)
                self.assertEqual(header.message_id is not None, True)
                message.unlink()

    def test_what_the_sdk_encrypts_kms_decrypts(self):
        suites = (
            AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
            AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
        )
        for suite in suites:
            for size in SIZES:
                with self.subTest(size=size, suite=suite.name):
                    plaintext, opened = os.urandom(size), SCRATCH / "opened"
                    message, _ = self.sdk.encrypt(
                        source=plaintext, keyring=self.keyring, encryption_context=CONTEXT,
                        algorithm=suite, frame_length=FRAME,
                    )
                    source = SCRATCH / "from-sdk"
                    source.write_bytes(message)
                    kms("decrypt", "-o", str(opened), str(source))
                    self.assertEqual(opened.read_bytes(), plaintext)
                    opened.unlink()

    def test_what_kms_signs_the_sdk_verifies(self):
        for size in SIZES:
            with self.subTest(size=size):
                plaintext, source = os.urandom(size), SCRATCH / "to-sign"
                source.write_bytes(plaintext)
                context = [part for pair in CONTEXT.items() for part in ("--context", "=".join(pair))]
                message = kms("encrypt", "--sign", "-k", self.key_arn, *context, str(source))
                opened, header = self.sdk.decrypt(source=message, keyring=self.keyring)
                self.assertEqual(opened, plaintext)
                suite = AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384
                self.assertEqual(header.algorithm, suite)
        changed = bytearray(message)
        changed[-1] ^= 1
        with self.assertRaises(Exception):
            self.sdk.decrypt(source=bytes(changed), keyring=self.keyring)

    def test_kms_reads_every_suite_framed_or_not_of_the_sdk(self):
        older = aws_encryption_sdk.EncryptionSDKClient(
            commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        )
        for suite in AlgorithmSuite:
            commits = suite.algorithm_id > 0x0400
            for frame_length in (0, 128):
                with self.subTest(suite=suite.name, frame_length=frame_length):
                    plaintext = os.urandom(1000)
                    message, _ = (self.sdk if commits else older).encrypt(
                        source=plaintext, keyring=self.keyring, encryption_context=CONTEXT,
                        algorithm=suite, frame_length=frame_length,
                    )
                    allow = ("--commitment-policy", "allow")
                    if frame_length == 0:
                        self.assertEqual(kms("decrypt", *allow, data=message), plaintext)
                        continue
                    if not commits:
                        self.assertEqual(kms("decrypt", data=message, expect=1), b"")
                    source = SCRATCH / "suite"
                    source.write_bytes(message)
                    self.assertEqual(kms("decrypt", *allow, str(source)), plaintext)
                    anew = kms("reencrypt", *allow, "-k", self.key_arn, str(source))
                    opened, header = self.sdk.decrypt(source=anew, keyring=self.keyring)
                    self.assertEqual(opened, plaintext)
                    self.assertEqual(header.encryption_context["tenant"], "blau")

    def test_recipients_with_rsa_keys_read_what_either_wrote(self):
        private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        key = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        spki = private.public_key().public_bytes(serialization.Encoding.DER, form)
        public = private.public_key().public_bytes(serialization.Encoding.PEM, form)
        public_file, private_file = SCRATCH / "owner.pem", SCRATCH / "owner.key"
        public_file.write_bytes(public)
        private_file.touch(mode=0o600)
        private_file.write_bytes(key)
        owner = self.providers.create_raw_rsa_keyring(
            CreateRawRsaKeyringInput(
                key_namespace="kms-rsa-oaep-sha256", key_name=hashlib.sha256(spki).hexdigest(),
                padding_scheme=PaddingScheme.OAEP_SHA256_MGF1, public_key=public, private_key=key,
            )
        )
        plaintext = os.urandom(100_000)
        for sign in ([], ["--sign"]):
            message = kms(
                "encrypt", *sign, "-k", self.key_arn, "-r", str(public_file), data=plaintext
            )
            for keyring in (owner, self.keyring):
                opened, _ = self.sdk.decrypt(source=message, keyring=keyring)
                self.assertEqual(opened, plaintext)
        both = self.providers.create_multi_keyring(
            CreateMultiKeyringInput(generator=self.keyring, child_keyrings=[owner])
        )
        message, _ = self.sdk.encrypt(source=plaintext, keyring=both)
        opened = kms("decrypt", "--private-key", str(private_file), data=message)
        self.assertEqual(opened, plaintext)
        self.assertEqual(kms("decrypt", data=message), plaintext)

    def test_a_pair_that_is_not_stored_must_be_brought_to_either(self):
        message = kms(
            "encrypt", "-k", self.key_arn, "--context", "tenant=blau",
            "--unstored-context", "purpose=interop", data=b"plaintext",
        )
        opened, header = self.sdk.decrypt(
            source=message, keyring=self.keyring, encryption_context=CONTEXT
        )
        self.assertEqual(opened, b"plaintext")
        self.assertEqual(kms("decrypt", "--context", "purpose=interop", data=message), b"plaintext")
        with self.assertRaises(Exception):
            self.sdk.decrypt(source=message, keyring=self.keyring)
        kms("decrypt", data=message, expect=6)

    def test_a_discovery_keyring_reads_what_kms_wrote(self):
        message = kms("encrypt", "-k", "alias/interop", data=b"plaintext")
        for account, readable in ((ACCOUNT, True), ("999999999999", False)):
            discovery = self.providers.create_aws_kms_discovery_keyring(
                CreateAwsKmsDiscoveryKeyringInput(
                    kms_client=self.kms,
                    discovery_filter=DiscoveryFilter(partition="aws", account_ids=[account]),
                )
            )
            if readable:
                opened, _ = self.sdk.decrypt(source=message, keyring=discovery)
                self.assertEqual(opened, b"plaintext")
            else:
                with self.assertRaises(Exception):
                    self.sdk.decrypt(source=message, keyring=discovery)
            expect = 0 if readable else 3
            kms("decrypt", "--discovery-account", account, data=message, expect=expect)

    def test_both_work_in_a_pipeline(self):
        plaintext = os.urandom(3 * FRAME + 17)
        message = kms("encrypt", "-k", self.key_arn, data=plaintext)
        opened, _ = self.sdk.decrypt(source=message, keyring=self.keyring)
        self.assertEqual(opened, plaintext)
        message, _ = self.sdk.encrypt(source=plaintext, keyring=self.keyring)
        self.assertEqual(kms("decrypt", data=message), plaintext)

    def test_a_changed_message_is_refused_by_both(self):
        message = bytearray(kms("encrypt", "-k", self.key_arn, data=os.urandom(FRAME + 100)))
        message[-20] ^= 1
        kms("decrypt", data=bytes(message), expect=6)
        with self.assertRaises(Exception):
            self.sdk.decrypt(source=bytes(message), keyring=self.keyring)

    def test_a_cut_message_is_refused_and_leaves_no_file(self):
        message, opened = SCRATCH / "cut", SCRATCH / "never"
        message.write_bytes(kms("encrypt", "-k", self.key_arn, data=os.urandom(3 * FRAME))[:-1])
        kms("decrypt", "-o", str(opened), str(message), expect=6)
        self.assertFalse(opened.exists())


if __name__ == "__main__":
    unittest.main()
