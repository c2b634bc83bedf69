"""What one server made, the next one serves. STEP says on which side of the restart we stand."""

import json
import os
import pathlib
import unittest

from support import Case, policy

MEMORY = pathlib.Path(os.environ["KMS_SCRATCH"]) / "memory.json"


@unittest.skipUnless(os.environ["STEP"] == "before", "before the restart")
class Before(Case):
    def test_make(self):
        key = self.key(Description="kept", Tags=[{"TagKey": "a", "TagValue": "b"}])
        self.kms.create_alias(AliasName="alias/kept", TargetKeyId=key)
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
        self.kms.put_key_policy(KeyId=key, Policy=policy())
        self.kms.rotate_key_on_demand(KeyId=key)
        disabled = self.key()
        self.kms.disable_key(KeyId=disabled)
        MEMORY.write_text(json.dumps({"key": key, "disabled": disabled, "blob": blob.hex()}))


@unittest.skipUnless(os.environ["STEP"] == "after", "after the restart")
class After(Case):
    def test_find(self):
        memory = json.loads(MEMORY.read_text())
        key = self.kms.describe_key(KeyId="alias/kept")["KeyMetadata"]
        self.assertEqual((key["KeyId"], key["Description"]), (memory["key"], "kept"))
        opened = self.kms.decrypt(CiphertextBlob=bytes.fromhex(memory["blob"]))
        self.assertEqual(opened["Plaintext"], b"kept")
        self.assertEqual(self.kms.get_key_policy(KeyId=memory["key"])["Policy"], policy())
        self.assertEqual(
            self.kms.list_resource_tags(KeyId=memory["key"])["Tags"],
            [{"TagKey": "a", "TagValue": "b"}],
        )
        self.assertEqual(len(self.kms.list_key_rotations(KeyId=memory["key"])["Rotations"]), 1)
        self.refused(
            "DisabledException", self.kms.encrypt, KeyId=memory["disabled"], Plaintext=b"x"
        )


if __name__ == "__main__":
    unittest.main()
