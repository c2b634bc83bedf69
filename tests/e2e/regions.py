"""One server, several Regions: the Region is the one that a request is signed for."""

import json
import unittest

from botocore.exceptions import ClientError
from support import Case, client, kms

OTHER = "eu-central-1"


class Regions(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = client(region=OTHER)

    def test_each_region_has_keys_and_aliases_of_its_own(self):
        here, there = self.key(), self.other.create_key()["KeyMetadata"]
        self.assertEqual(there["Arn"].split(":")[3], OTHER)
        ids = lambda kms: {key["KeyId"] for key in kms.list_keys()["Keys"]}
        self.assertIn(here, ids(self.kms))
        self.assertNotIn(here, ids(self.other))
        for kms_of_region, key in ((self.kms, here), (self.other, there["KeyId"])):
            kms_of_region.create_alias(AliasName="alias/same", TargetKeyId=key)
            named = kms_of_region.describe_key(KeyId="alias/same")["KeyMetadata"]
            self.assertEqual(named["KeyId"], key)

    def test_a_key_is_not_found_from_another_region(self):
        key = self.key()
        for name in (key, self.arn(key)):
            with self.assertRaises(ClientError) as refused:
                self.other.describe_key(KeyId=name)
            self.assertEqual(refused.exception.response["Error"]["Code"], "NotFoundException")

    def test_a_ciphertext_does_not_open_in_another_region(self):
        sealed = self.kms.encrypt(KeyId=self.key(), Plaintext=b"x")["CiphertextBlob"]
        with self.assertRaises(ClientError) as refused:
            self.other.decrypt(CiphertextBlob=sealed)
        self.assertEqual(refused.exception.response["Error"]["Code"], "AccessDeniedException")

    def test_the_record_names_the_region(self):
        key = self.other.create_key()["KeyMetadata"]["Arn"]
        self.other.encrypt(KeyId=key, Plaintext=b"x")
        shown = kms("audit", "tail", "--output", "json").splitlines()
        used = [json.loads(line) for line in shown if key.encode() in line]
        self.assertEqual({record["awsRegion"] for record in used}, {OTHER})

    def test_a_region_that_is_not_served_is_refused(self):
        with self.assertRaises(ClientError) as refused:
            client(region="eu-west-1").list_keys()
        self.assertEqual(
            refused.exception.response["Error"]["Code"], "InvalidSignatureException"
        )


if __name__ == "__main__":
    unittest.main()
