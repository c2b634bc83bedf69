"""CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion,
UpdateKeyDescription."""

import datetime
import unittest

from support import ABSENT, ACCOUNT, REGION, Case, client


class CreateKey(Case):
    def test_a_key_has_aws_defaults(self):
        key = self.kms.create_key()["KeyMetadata"]
        self.assertEqual(key["AWSAccountId"], ACCOUNT)
        self.assertEqual(key["Arn"], f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key['KeyId']}")
        self.assertEqual(key["Description"], "")
        self.assertIs(key["Enabled"], True)
        self.assertEqual(key["KeyState"], "Enabled")
        self.assertEqual(key["KeyUsage"], "ENCRYPT_DECRYPT")
        self.assertEqual(key["KeySpec"], "SYMMETRIC_DEFAULT")
        self.assertEqual(key["CustomerMasterKeySpec"], "SYMMETRIC_DEFAULT")
        self.assertEqual(key["EncryptionAlgorithms"], ["SYMMETRIC_DEFAULT"])
        self.assertEqual(key["Origin"], "AWS_KMS")
        self.assertEqual(key["KeyManager"], "CUSTOMER")
        self.assertIs(key["MultiRegion"], False)
        self.assertRegex(key["KeyId"], r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")
        self.assertRegex(key["CurrentKeyMaterialId"], r"^[0-9a-f]{64}$")
        age = datetime.datetime.now(datetime.timezone.utc) - key["CreationDate"]
        self.assertLess(abs(age.total_seconds()), 120)
        for absent in ("DeletionDate", "ValidTo", "PendingDeletionWindowInDays"):
            self.assertNotIn(absent, key)

    def test_description_and_tags_are_kept(self):
        key = self.key(Description="für Sicherungen", Tags=[{"TagKey": "team", "TagValue": "blue"}])
        self.assertEqual(self.describe(key)["Description"], "für Sicherungen")
        tags = self.kms.list_resource_tags(KeyId=key)["Tags"]
        self.assertEqual(tags, [{"TagKey": "team", "TagValue": "blue"}])

    def test_two_keys_are_two(self):
        self.assertNotEqual(self.key(), self.key())

    def test_bad_parameters_have_aws_words(self):
        create = self.kms.create_key
        text = self.refused(
            "ValidationException", create, KeySpec="SYMMETRIC_DEFAULT", KeyUsage="RANDOM"
        )
        self.assertTrue(
            text.startswith(
                "1 validation error detected: Value 'RANDOM' at 'keyUsage' failed to satisfy "
                "constraint: Member must satisfy enum value set: ["
            ),
            text,
        )
        text = self.refused("ValidationException", create, KeySpec="RANDOM")
        self.assertIn("Value 'RANDOM' at 'keySpec' failed to satisfy constraint", text)
        self.refused(
            "ValidationException", create, Description="d" * 8193,
            contains="at 'description' failed to satisfy constraint: Member must have length less "
            "than or equal to 8192",
        )

    def test_tags_are_checked_with_aws_words(self):
        create = self.kms.create_key
        tag = lambda key, value="v": {"TagKey": key, "TagValue": value}
        self.refused(
            "TagException", create, Tags=[tag(f"k{n}") for n in range(51)], message="Too many tags"
        )
        self.refused(
            "TagException", create, Tags=[tag("a"), tag("a", "w")], message="Duplicate tag keys"
        )
        self.refused(
            "TagException", create, Tags=[tag("aws:k")],
            message="Tags beginning with aws: are reserved",
        )
        self.refused(
            "ValidationException", create, Tags=[tag("k" * 129)],
            message=f"1 validation error detected: Value '{'k' * 129}' at 'tags.1.member.tagKey' "
            "failed to satisfy constraint: Member must have length less than or equal to 128",
        )
        self.refused(
            "ValidationException", create, Tags=[tag("k", "v" * 257)],
            message=f"1 validation error detected: Value '{'v' * 257}' at 'tags.1.member.tagValue' "
            "failed to satisfy constraint: Member must have length less than or equal to 256",
        )

    def describe(self, key):
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]


class DescribeKey(Case):
    def test_a_key_answers_to_its_id_and_its_arn(self):
        made = self.kms.create_key(Description="one")["KeyMetadata"]
        for name in (made["KeyId"], made["Arn"]):
            self.assertEqual(self.kms.describe_key(KeyId=name)["KeyMetadata"], made)

    def test_what_is_not_there_has_aws_words(self):
        describe = self.kms.describe_key
        self.refused(
            "NotFoundException", describe, KeyId=ABSENT,
            message=f"Key '{self.arn(ABSENT)}' does not exist",
        )
        self.refused(
            "NotFoundException", describe, KeyId=self.arn(ABSENT),
            message=f"Key '{self.arn(ABSENT)}' does not exist",
        )
        self.refused(
            "NotFoundException", describe, KeyId="not-a-key", message="Invalid keyId 'not-a-key'"
        )
        self.refused(
            "NotFoundException", describe, KeyId="alias/nobody-made-it",
            message=f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/nobody-made-it is not found.",
        )
        elsewhere = self.arn(self.key()).replace(REGION, "eu-west-1")
        self.refused("NotFoundException", describe, KeyId=elsewhere, message="Invalid arn eu-west-1")

    def test_a_request_without_a_key_is_refused(self):
        self.refused("ValidationException", self.kms.describe_key, contains="keyId")
        self.refused(
            "ValidationException", self.kms.describe_key, KeyId="",
            contains="Member must have length greater than or equal to 1",
        )
        self.refused("ValidationException", self.kms.describe_key, KeyId="k" * 2049)


class ListKeys(Case):
    def test_pages_hold_every_key_once(self):
        made = {self.key() for _ in range(5)}
        found, marker, pages = [], {}, 0
        while True:
            page = self.kms.list_keys(Limit=2, **marker)
            self.assertLessEqual(len(page["Keys"]), 2)
            found += page["Keys"]
            pages += 1
            if not page["Truncated"]:
                self.assertNotIn("NextMarker", page)
                break
            marker = {"Marker": page["NextMarker"]}
        ids = [key["KeyId"] for key in found]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertLessEqual(made, set(ids))
        self.assertGreaterEqual(pages, 3)
        for key in found:
            self.assertEqual(key["KeyArn"], self.arn(key["KeyId"]))

    def test_the_clients_own_paginator_works(self):
        made = {self.key() for _ in range(3)}
        pages = self.kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
        self.assertLessEqual(made, {key["KeyId"] for page in pages for key in page["Keys"]})

    def test_a_marker_that_is_none_is_refused(self):
        self.refused("InvalidMarkerException", self.kms.list_keys, Marker="garbage")

    def test_limits_are_checked(self):
        self.refused(
            "ValidationException", self.kms.list_keys, Limit=0,
            contains="Value '0' at 'limit' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1",
        )
        self.refused("ValidationException", self.kms.list_keys, Limit=1001, contains="'limit'")


class State(Case):
    def state(self, key):
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]

    def test_a_disabled_key_works_for_nobody_until_enabled(self):
        key = self.key()
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.kms.disable_key(KeyId=key)
        self.assertEqual(self.state(key)["KeyState"], "Disabled")
        self.assertIs(self.state(key)["Enabled"], False)
        words = f"{self.arn(key)} is disabled."
        for call, parameters in (
            (self.kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
            (self.kms.decrypt, {"CiphertextBlob": blob}),
            (self.kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
            (self.kms.generate_data_key_without_plaintext, {"KeyId": key, "KeySpec": "AES_256"}),
            (self.kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": self.key()}),
            (self.kms.enable_key_rotation, {"KeyId": key}),
            (self.kms.rotate_key_on_demand, {"KeyId": key}),
        ):
            self.refused("DisabledException", call, message=words, **parameters)
        self.kms.disable_key(KeyId=key)
        self.kms.update_key_description(KeyId=key, Description="still mine to describe")
        self.kms.enable_key(KeyId=key)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")

    def test_deletion_waits_and_can_be_called_off(self):
        key = self.key()
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        answer = self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.assertEqual(answer["KeyId"], self.arn(key))
        self.assertEqual(answer["KeyState"], "PendingDeletion")
        self.assertEqual(answer["PendingWindowInDays"], 7)
        wait = answer["DeletionDate"] - datetime.datetime.now(datetime.timezone.utc)
        self.assertAlmostEqual(wait.total_seconds() / 86400, 7, delta=1.01)
        self.assertEqual(self.state(key)["DeletionDate"], answer["DeletionDate"])
        words = f"{self.arn(key)} is pending deletion."
        for call, parameters in (
            (self.kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
            (self.kms.decrypt, {"CiphertextBlob": blob}),
            (self.kms.enable_key, {"KeyId": key}),
            (self.kms.disable_key, {"KeyId": key}),
            (self.kms.schedule_key_deletion, {"KeyId": key}),
            (self.kms.update_key_description, {"KeyId": key, "Description": "d"}),
            (self.kms.create_alias, {"AliasName": self.alias(), "TargetKeyId": key}),
            (self.kms.tag_resource, {"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        ):
            self.refused("KMSInvalidStateException", call, message=words, **parameters)
        self.assertEqual(self.kms.cancel_key_deletion(KeyId=key)["KeyId"], self.arn(key))
        self.assertEqual(self.state(key)["KeyState"], "Disabled")
        self.assertNotIn("DeletionDate", self.state(key))
        self.kms.enable_key(KeyId=key)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")

    def test_the_window_has_bounds_and_a_default(self):
        key = self.key()
        schedule = self.kms.schedule_key_deletion
        self.refused("ValidationException", schedule, KeyId=key, PendingWindowInDays=6)
        self.refused("ValidationException", schedule, KeyId=key, PendingWindowInDays=31)
        self.assertEqual(schedule(KeyId=key)["PendingWindowInDays"], 30)

    def test_only_a_pending_deletion_can_be_called_off(self):
        key = self.key()
        self.refused(
            "KMSInvalidStateException", self.kms.cancel_key_deletion, KeyId=key,
            message=f"{self.arn(key)} is not pending deletion.",
        )

    # AWS takes an alias in cryptographic operations and DescribeKey only.
    def test_management_takes_no_alias(self):
        alias = self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=self.key())
        for call in (self.kms.disable_key, self.kms.enable_key, self.kms.schedule_key_deletion):
            with self.assertRaises(self.kms.exceptions.ClientError):
                call(KeyId=alias)
        self.assertEqual(self.state(alias)["KeyState"], "Enabled")

    def test_a_description_changes_within_bounds(self):
        key = self.key(Description="before")
        update = self.kms.update_key_description
        update(KeyId=key, Description="after")
        self.assertEqual(self.state(key)["Description"], "after")
        update(KeyId=key, Description="")
        self.assertEqual(self.state(key)["Description"], "")
        self.refused("ValidationException", update, KeyId=key, Description="d" * 8193)
        self.refused("NotFoundException", update, KeyId=ABSENT, Description="d")

    def test_every_operation_on_an_absent_key_says_so(self):
        words = f"Key '{self.arn(ABSENT)}' does not exist"
        for name, parameters in (
            ("enable_key", {}), ("disable_key", {}), ("schedule_key_deletion", {}),
            ("cancel_key_deletion", {}), ("get_key_policy", {}), ("list_key_policies", {}),
            ("enable_key_rotation", {}), ("disable_key_rotation", {}),
            ("get_key_rotation_status", {}), ("rotate_key_on_demand", {}),
            ("list_key_rotations", {}), ("list_resource_tags", {}),
            ("encrypt", {"Plaintext": b"x"}), ("generate_data_key", {"KeySpec": "AES_256"}),
            ("untag_resource", {"TagKeys": ["a"]}),
        ):
            with self.subTest(name):
                call = getattr(self.kms, name)
                self.refused("NotFoundException", call, KeyId=ABSENT, message=words, **parameters)

    def test_a_region_that_is_not_served_is_refused(self):
        with self.assertRaises(self.kms.exceptions.ClientError):
            client(region="eu-west-1").list_keys()


if __name__ == "__main__":
    unittest.main()
