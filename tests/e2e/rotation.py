"""EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand,
ListKeyRotations."""

import datetime
import unittest

from support import Case


class Rotation(Case):
    def status(self, key):
        return self.kms.get_key_rotation_status(KeyId=key)

    def test_rotation_is_off_until_asked_for(self):
        key = self.key()
        status = self.status(key)
        self.assertIs(status["KeyRotationEnabled"], False)
        self.assertEqual(status["KeyId"], self.arn(key))
        self.assertNotIn("NextRotationDate", status)

    def test_the_period_has_a_default_and_bounds(self):
        key = self.key()
        enable = self.kms.enable_key_rotation
        enable(KeyId=key)
        self.assertEqual(self.status(key)["RotationPeriodInDays"], 365)
        enable(KeyId=key, RotationPeriodInDays=90)
        status = self.status(key)
        self.assertIs(status["KeyRotationEnabled"], True)
        self.assertEqual(status["RotationPeriodInDays"], 90)
        wait = status["NextRotationDate"] - datetime.datetime.now(datetime.timezone.utc)
        self.assertAlmostEqual(wait.total_seconds() / 86400, 90, delta=1.01)
        self.refused(
            "ValidationException", enable, KeyId=key, RotationPeriodInDays=89,
            contains="Member must have value greater than or equal to 90",
        )
        self.refused("ValidationException", enable, KeyId=key, RotationPeriodInDays=2561)
        self.kms.disable_key_rotation(KeyId=key)
        self.assertIs(self.status(key)["KeyRotationEnabled"], False)

    def test_old_ciphertexts_open_after_each_rotation(self):
        key = self.key()
        materials, blobs = [], []
        for turn in range(3):
            metadata = self.kms.describe_key(KeyId=key)["KeyMetadata"]
            materials.append(metadata["CurrentKeyMaterialId"])
            blob = self.kms.encrypt(KeyId=key, Plaintext=b"%d" % turn)["CiphertextBlob"]
            blobs.append(blob)
            answer = self.kms.rotate_key_on_demand(KeyId=key)
            self.assertIn(answer["KeyId"], (key, self.arn(key)))
        self.assertEqual(len(set(materials)), 3)
        for turn, (material, blob) in enumerate(zip(materials, blobs)):
            opened = self.kms.decrypt(CiphertextBlob=blob)
            self.assertEqual(opened["Plaintext"], b"%d" % turn)
            self.assertEqual(opened["KeyMaterialId"], material)

    def test_rotations_are_listed_in_pages(self):
        key = self.key()
        self.assertEqual(self.kms.list_key_rotations(KeyId=key)["Rotations"], [])
        for _ in range(3):
            self.kms.rotate_key_on_demand(KeyId=key)
        found, marker = [], {}
        while True:
            page = self.kms.list_key_rotations(KeyId=key, Limit=2, **marker)
            self.assertLessEqual(len(page["Rotations"]), 2)
            found += page["Rotations"]
            if not page["Truncated"]:
                break
            marker = {"Marker": page["NextMarker"]}
        self.assertEqual(len(found), 3)
        for rotation in found:
            # AWS's examples show the id, its recorded answers the ARN.
            self.assertIn(rotation["KeyId"], (key, self.arn(key)))
            self.assertEqual(rotation["RotationType"], "ON_DEMAND")
        current = self.kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
        self.assertIn(current, {rotation.get("KeyMaterialId") for rotation in found})

    def test_a_disabled_key_does_not_rotate(self):
        key = self.key()
        self.kms.disable_key(KeyId=key)
        words = f"{self.arn(key)} is disabled."
        for call in (
            self.kms.rotate_key_on_demand, self.kms.enable_key_rotation,
            self.kms.disable_key_rotation,
        ):
            self.refused("DisabledException", call, KeyId=key, message=words)
        self.assertIs(self.status(key)["KeyRotationEnabled"], False)


if __name__ == "__main__":
    unittest.main()
