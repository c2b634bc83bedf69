"""GetKeyLastUsage."""

import unittest

from support import Case


class KeyUsage(Case):
    def test_the_last_use_is_told_with_its_request(self):
        key = self.key()
        before = self.kms.get_key_last_usage(KeyId=key)
        self.assertNotIn("KeyLastUsage", before)
        self.assertEqual(before["TrackingStartDate"], before["KeyCreationDate"])
        sealed = self.kms.encrypt(KeyId=key, Plaintext=b"x")
        opened = self.kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
        used = self.kms.get_key_last_usage(KeyId=self.arn(key))
        self.assertEqual(used["KeyId"], key)
        self.assertEqual(used["KeyLastUsage"]["Operation"], "Decrypt")
        self.assertEqual(
            used["KeyLastUsage"]["KmsRequestId"], opened["ResponseMetadata"]["RequestId"]
        )

    def test_a_refused_use_is_no_use(self):
        key = self.key()
        self.kms.disable_key(KeyId=key)
        self.refused("DisabledException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        self.assertNotIn("KeyLastUsage", self.kms.get_key_last_usage(KeyId=key))

    def test_an_alias_is_not_taken(self):
        self.refused(
            "NotFoundException", self.kms.get_key_last_usage, KeyId="alias/a",
            contains="Invalid keyId",
        )


if __name__ == "__main__":
    unittest.main()
