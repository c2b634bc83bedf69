"""Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom."""

import os
import unittest

from support import ABSENT, Case


class EncryptAndDecrypt(Case):
    def test_plaintexts_of_every_size_come_back(self):
        key = self.key()
        for size in (1, 2, 15, 16, 17, 255, 4095, 4096):
            plaintext = os.urandom(size)
            sealed = self.kms.encrypt(KeyId=key, Plaintext=plaintext)
            self.assertEqual(sealed["KeyId"], self.arn(key))
            self.assertEqual(sealed["EncryptionAlgorithm"], "SYMMETRIC_DEFAULT")
            opened = self.kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
            self.assertEqual(opened["Plaintext"], plaintext)
            self.assertEqual(opened["KeyId"], self.arn(key))
            self.assertEqual(opened["EncryptionAlgorithm"], "SYMMETRIC_DEFAULT")

    def test_the_same_plaintext_is_never_the_same_ciphertext(self):
        key = self.key()
        blobs = {self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"] for _ in range(20)}
        self.assertEqual(len(blobs), 20)

    def test_sizes_are_checked(self):
        key = self.key()
        self.refused(
            "ValidationException", self.kms.encrypt, KeyId=key, Plaintext=b"x" * 4097,
            contains="at 'plaintext' failed to satisfy constraint: Member must have length less "
            "than or equal to 4096",
        )
        self.refused(
            "ValidationException", self.kms.encrypt, KeyId=key, Plaintext=b"",
            contains="at 'plaintext' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1",
        )
        self.refused("ValidationException", self.kms.decrypt, CiphertextBlob=b"x" * 6145)
        self.refused("ValidationException", self.kms.decrypt, CiphertextBlob=b"")

    def test_the_context_binds(self):
        key = self.key()
        context = {"tenant": "blue", "Zweck": "Sicherung", "a": ""}
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)[
            "CiphertextBlob"
        ]
        reordered = dict(reversed(context.items()))
        opened = self.kms.decrypt(CiphertextBlob=blob, EncryptionContext=reordered)
        self.assertEqual(opened["Plaintext"], b"x")
        for wrong in (
            {}, {"tenant": "blue"}, {**context, "more": "1"}, {**context, "tenant": "red"},
            {"Tenant": "blue", "Zweck": "Sicherung", "a": ""},
        ):
            self.refused(
                "InvalidCiphertextException", self.kms.decrypt, CiphertextBlob=blob,
                EncryptionContext=wrong,
            )
        plain = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.refused(
            "InvalidCiphertextException", self.kms.decrypt, CiphertextBlob=plain,
            EncryptionContext=context,
        )

    def test_every_changed_bit_is_noticed(self):
        key = self.key()
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        for position in range(0, len(blob)):
            changed = bytearray(blob)
            changed[position] ^= 1 << (position % 8)
            with self.assertRaises(self.kms.exceptions.ClientError) as caught:
                self.kms.decrypt(CiphertextBlob=bytes(changed))
            # A changed key id names a key that is not there; AWS tells no more than this.
            self.assertIn(
                caught.exception.response["Error"]["Code"],
                ("InvalidCiphertextException", "AccessDeniedException", "NotFoundException"),
            )
        for cut in (blob[:-1], blob[1:], blob + b"\0", b"garbage"):
            self.refused("InvalidCiphertextException", self.kms.decrypt, CiphertextBlob=cut)

    def test_a_key_that_is_named_must_be_the_one(self):
        key, other = self.key(), self.key()
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"], b"x")
        self.refused("IncorrectKeyException", self.kms.decrypt, KeyId=other, CiphertextBlob=blob)
        self.refused("NotFoundException", self.kms.decrypt, KeyId=ABSENT, CiphertextBlob=blob)

    def test_an_algorithm_of_another_kind_of_key_is_refused(self):
        key = self.key()
        self.refused(
            "InvalidKeyUsageException", self.kms.encrypt, KeyId=key, Plaintext=b"x",
            EncryptionAlgorithm="RSAES_OAEP_SHA_256",
        )
        self.refused(
            "ValidationException", self.kms.encrypt, KeyId=key, Plaintext=b"x",
            EncryptionAlgorithm="ROT13",
            contains="Value 'ROT13' at 'encryptionAlgorithm' failed to satisfy constraint: Member "
            "must satisfy enum value set: [",
        )

    def test_a_dry_run_says_what_would_happen_and_does_nothing(self):
        key = self.key()
        words = "The request would have succeeded, but the DryRun option is set."
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        for call, parameters in (
            (self.kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
            (self.kms.decrypt, {"CiphertextBlob": blob}),
            (self.kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key}),
            (self.kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
            (self.kms.generate_data_key_without_plaintext, {"KeyId": key, "KeySpec": "AES_256"}),
        ):
            self.refused(
                "DryRunOperationException", call, message=words, DryRun=True, **parameters
            )
        self.refused(
            "NotFoundException", self.kms.encrypt, KeyId=ABSENT, Plaintext=b"x", DryRun=True
        )


class ReEncrypt(Case):
    def test_a_ciphertext_moves_to_another_key_and_context(self):
        old, new = self.key(), self.key()
        blob = self.kms.encrypt(KeyId=old, Plaintext=b"x", EncryptionContext={"v": "1"})
        moved = self.kms.re_encrypt(
            CiphertextBlob=blob["CiphertextBlob"], SourceEncryptionContext={"v": "1"},
            DestinationKeyId=new, DestinationEncryptionContext={"v": "2"},
        )
        self.assertEqual(moved["SourceKeyId"], self.arn(old))
        self.assertEqual(moved["KeyId"], self.arn(new))
        self.assertEqual(moved["SourceEncryptionAlgorithm"], "SYMMETRIC_DEFAULT")
        self.assertEqual(moved["DestinationEncryptionAlgorithm"], "SYMMETRIC_DEFAULT")
        self.kms.schedule_key_deletion(KeyId=old)
        opened = self.kms.decrypt(
            CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"v": "2"}
        )
        self.assertEqual((opened["Plaintext"], opened["KeyId"]), (b"x", self.arn(new)))

    def test_what_does_not_open_does_not_move(self):
        old, new = self.key(), self.key()
        blob = self.kms.encrypt(KeyId=old, Plaintext=b"x", EncryptionContext={"v": "1"})
        blob = blob["CiphertextBlob"]
        move = self.kms.re_encrypt
        self.refused(
            "InvalidCiphertextException", move, CiphertextBlob=blob, DestinationKeyId=new
        )
        right = {"CiphertextBlob": blob, "SourceEncryptionContext": {"v": "1"}}
        self.refused("IncorrectKeyException", move, SourceKeyId=new, DestinationKeyId=new, **right)
        self.refused("NotFoundException", move, DestinationKeyId=ABSENT, **right)
        self.kms.disable_key(KeyId=new)
        self.refused("DisabledException", move, DestinationKeyId=new, **right)


class DataKeys(Case):
    def test_a_data_key_is_what_its_ciphertext_opens_to(self):
        key = self.key()
        for wanted, size in (
            ({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16),
            ({"NumberOfBytes": 1}, 1), ({"NumberOfBytes": 1024}, 1024),
        ):
            made = self.kms.generate_data_key(KeyId=key, EncryptionContext={"a": "b"}, **wanted)
            self.assertEqual(len(made["Plaintext"]), size)
            self.assertEqual(made["KeyId"], self.arn(key))
            blob = made["CiphertextBlob"]
            opened = self.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
            self.assertEqual(opened["Plaintext"], made["Plaintext"])
            self.refused("InvalidCiphertextException", self.kms.decrypt, CiphertextBlob=blob)

    def test_a_data_key_can_stay_unseen(self):
        key = self.key()
        made = self.kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_128")
        self.assertNotIn("Plaintext", made)
        opened = self.kms.decrypt(CiphertextBlob=made["CiphertextBlob"])
        self.assertEqual(len(opened["Plaintext"]), 16)

    def test_exactly_one_length_is_asked_for(self):
        key = self.key()
        for call in (self.kms.generate_data_key, self.kms.generate_data_key_without_plaintext):
            self.refused("ValidationException", call, KeyId=key)
            self.refused(
                "ValidationException", call, KeyId=key, KeySpec="AES_256", NumberOfBytes=32
            )
            self.refused("ValidationException", call, KeyId=key, NumberOfBytes=0)
            self.refused("ValidationException", call, KeyId=key, NumberOfBytes=1025)
            self.refused(
                "ValidationException", call, KeyId=key, KeySpec="AES_512",
                contains="Value 'AES_512' at 'keySpec' failed to satisfy constraint",
            )


class GenerateRandom(Case):
    def test_bytes_are_random_and_as_many_as_asked_for(self):
        for size in (1, 32, 1024):
            self.assertEqual(len(self.kms.generate_random(NumberOfBytes=size)["Plaintext"]), size)
        drawn = {self.kms.generate_random(NumberOfBytes=16)["Plaintext"] for _ in range(20)}
        self.assertEqual(len(drawn), 20)

    def test_bounds_have_aws_words(self):
        draw = self.kms.generate_random
        self.refused("ValidationException", draw, message="NumberOfBytes is required.")
        self.refused(
            "ValidationException", draw, NumberOfBytes=0,
            message="1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy "
            "constraint: Member must have value greater than or equal to 1",
        )
        self.refused(
            "ValidationException", draw, NumberOfBytes=1025,
            message="1 validation error detected: Value '1025' at 'numberOfBytes' failed to "
            "satisfy constraint: Member must have value less than or equal to 1024",
        )


if __name__ == "__main__":
    unittest.main()
