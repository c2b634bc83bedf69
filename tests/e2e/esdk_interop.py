"""A file that `kms encrypt` wrote opens in AWS's own Encryption SDK through the server, and the
reverse, byte for byte."""

import os
import pathlib
import unittest

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateAwsKmsKeyringInput
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import AlgorithmSuite
from support import Case, kms

FRAME = 64 * 1024
SIZES = (0, 1, FRAME - 1, FRAME, FRAME + 1, 10 * 1024 * 1024)
CONTEXT = {"purpose": "interop", "tenant": "blau"}
SCRATCH = pathlib.Path(os.environ["KMS_SCRATCH"])


class Interop(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key_arn = kms("key", "create", "--alias", "alias/interop").decode().strip()
        providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
        cls.keyring = providers.create_aws_kms_keyring(
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
