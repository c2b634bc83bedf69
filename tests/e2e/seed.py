"""A server with a seed file: its keys are there under their ids, and clients use them as any."""

import unittest

from botocore.exceptions import ClientError
from support import Case, client

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ELSEWHERE = "1234abcd-12ab-34cd-56ef-000000000000"


class Seed(Case):
    def test_a_seeded_key_is_described_under_its_id(self):
        metadata = self.kms.describe_key(KeyId="alias/seeded")["KeyMetadata"]
        self.assertEqual(metadata["KeyId"], KEY)
        self.assertEqual(metadata["Origin"], "AWS_KMS")
        self.assertEqual(metadata["Description"], "seeded")
        tags = self.kms.list_resource_tags(KeyId=KEY)["Tags"]
        self.assertIn({"TagKey": "kms:seeded", "TagValue": "true"}, tags)
        self.assertIn({"TagKey": "team", "TagValue": "x"}, tags)

    def test_a_seeded_key_encrypts_and_rotates(self):
        before = self.kms.encrypt(KeyId="alias/seeded", Plaintext=b"x")["CiphertextBlob"]
        self.kms.rotate_key_on_demand(KeyId=KEY)
        after = self.kms.encrypt(KeyId=KEY, Plaintext=b"y")["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(CiphertextBlob=before)["Plaintext"], b"x")
        self.assertEqual(self.kms.decrypt(CiphertextBlob=after)["Plaintext"], b"y")

    def test_a_seeded_policy_holds(self):
        other = client(region="eu-central-1")
        self.assertFalse(other.describe_key(KeyId=ELSEWHERE)["KeyMetadata"]["Enabled"])
        other.enable_key(KeyId=ELSEWHERE)
        with self.assertRaises(ClientError) as refused:
            other.encrypt(KeyId=ELSEWHERE, Plaintext=b"x")
        self.assertEqual(refused.exception.response["Error"]["Code"], "AccessDeniedException")


if __name__ == "__main__":
    unittest.main()
