"""Multi-Region keys: one server, three Regions, boto3 in each of them."""

import json
import os
import unittest

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from support import ACCOUNT, Case, REGION, client, kms, policy, statement, user

THERE = "eu-central-1"
ELSEWHERE = "ap-southeast-2"
NOT_SERVED = "us-west-2"


def arn_in(region, key):
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{key}"


class MultiRegion(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.there = client(region=THERE)
        cls.elsewhere = client(region=ELSEWHERE)

    def primary(self, **parameters):
        return self.key(MultiRegion=True, **parameters)

    def related(self, **parameters):
        key = self.primary(**parameters)
        self.kms.replicate_key(KeyId=key, ReplicaRegion=THERE)
        return key

    def described(self, kms_of_region, key):
        return kms_of_region.describe_key(KeyId=key)["KeyMetadata"]

    def roles(self, kms_of_region, key):
        keys = self.described(kms_of_region, key)["MultiRegionConfiguration"]
        return keys["PrimaryKey"]["Region"], [one["Region"] for one in keys["ReplicaKeys"]]

    def test_a_primary_and_its_replica_describe_each_other_as_in_aws(self):
        key = self.primary(Description="test replicated key")
        self.refused(
            "NotFoundException", self.there.describe_key, KeyId=key,
            message=f"Key '{arn_in(THERE, key)}' does not exist",
        )
        made = self.kms.replicate_key(KeyId=key, ReplicaRegion=THERE)
        replica = made["ReplicaKeyMetadata"]
        self.assertEqual(replica["Arn"], arn_in(THERE, key))
        self.assertEqual(replica["Description"], "")
        self.assertIs(replica["MultiRegion"], True)
        self.assertEqual(
            replica["MultiRegionConfiguration"],
            {
                "MultiRegionKeyType": "REPLICA",
                "PrimaryKey": {"Arn": arn_in(REGION, key), "Region": REGION},
                "ReplicaKeys": [{"Arn": arn_in(THERE, key), "Region": THERE}],
            },
        )
        self.assertEqual(json.loads(made["ReplicaPolicy"])["Id"], "key-default-1")
        self.assertNotIn("ReplicaTags", made)
        here, there = self.described(self.kms, key), self.described(self.there, key)
        self.assertEqual(here["MultiRegionConfiguration"]["MultiRegionKeyType"], "PRIMARY")
        self.assertEqual(here["Description"], "test replicated key")
        self.assertEqual(there["KeyState"], "Enabled")
        self.assertEqual(here["CurrentKeyMaterialId"], there["CurrentKeyMaterialId"])

    def test_data_and_data_keys_of_one_region_open_in_the_other(self):
        key = self.related()
        context = {"tenant": "blue"}
        sealed = self.kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)
        blob = sealed["CiphertextBlob"]
        for name in ({}, {"KeyId": key}, {"KeyId": arn_in(THERE, key)}):
            opened = self.there.decrypt(CiphertextBlob=blob, EncryptionContext=context, **name)
            self.assertEqual(opened["Plaintext"], b"secret")
            self.assertEqual(opened["KeyId"], arn_in(THERE, key))
        self.refused(
            "NotFoundException", self.there.decrypt, CiphertextBlob=blob,
            EncryptionContext=context, KeyId=arn_in(REGION, key),
        )
        self.refused("InvalidCiphertextException", self.there.decrypt, CiphertextBlob=blob)
        self.refused(
            "AccessDeniedException", self.elsewhere.decrypt, CiphertextBlob=blob,
            EncryptionContext=context,
        )
        data_key = self.there.generate_data_key(KeyId=key, KeySpec="AES_256")
        opened = self.kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])
        self.assertEqual(opened["Plaintext"], data_key["Plaintext"])
        again = self.there.re_encrypt(
            CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=key
        )
        opened = self.kms.decrypt(CiphertextBlob=again["CiphertextBlob"])
        self.assertEqual(opened["Plaintext"], b"secret")

    def test_signatures_codes_and_secrets_cross(self):
        pair = self.related(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        how = {"KeyId": pair, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
        signature = self.there.sign(**how)["Signature"]
        self.assertTrue(self.kms.verify(Signature=signature, **how)["SignatureValid"])
        public = [one.get_public_key(KeyId=pair)["PublicKey"] for one in (self.kms, self.there)]
        self.assertEqual(*public)
        code = self.related(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        how = {"KeyId": code, "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
        mac = self.kms.generate_mac(**how)["Mac"]
        self.assertTrue(self.there.verify_mac(Mac=mac, **how)["MacValid"])

    def test_policy_tags_aliases_and_state_are_the_replica_s_own(self):
        key = self.primary(Tags=[{"TagKey": "of", "TagValue": "primary"}])
        text = policy(statement(f"arn:aws:iam::{ACCOUNT}:root", "Encrypt"))
        made = self.kms.replicate_key(
            KeyId=key, ReplicaRegion=THERE, Policy=text, Description="of the replica",
            Tags=[{"TagKey": "of", "TagValue": "replica"}],
        )
        self.assertEqual(made["ReplicaPolicy"], text)
        self.assertEqual(made["ReplicaTags"], [{"TagKey": "of", "TagValue": "replica"}])
        tags = self.kms.list_resource_tags(KeyId=key)["Tags"]
        self.assertEqual(tags, [{"TagKey": "of", "TagValue": "primary"}])
        name = self.alias()
        self.kms.create_alias(AliasName=name, TargetKeyId=key)
        self.refused("NotFoundException", self.there.describe_key, KeyId=name)
        self.there.disable_key(KeyId=key)
        self.refused("DisabledException", self.there.encrypt, KeyId=key, Plaintext=b"x")
        self.kms.encrypt(KeyId=key, Plaintext=b"x")

    def test_what_cannot_be_replicated_is_refused(self):
        key = self.related()
        self.refused(
            "UnsupportedOperationException", self.there.replicate_key, KeyId=key,
            ReplicaRegion=ELSEWHERE,
            message=f"{arn_in(THERE, key)} is not a multi-region primary key.",
        )
        for region in (REGION, THERE):
            self.refused(
                "AlreadyExistsException", self.kms.replicate_key, KeyId=key, ReplicaRegion=region
            )
        self.refused(
            "UnsupportedOperationException", self.kms.replicate_key, KeyId=key,
            ReplicaRegion=NOT_SERVED,
        )
        self.refused(
            "UnsupportedOperationException", self.kms.replicate_key, KeyId=self.key(),
            ReplicaRegion=THERE, contains="is not a multi-region primary key.",
        )
        self.refused(
            "ValidationException", self.kms.replicate_key, KeyId=key, ReplicaRegion="Frankfurt"
        )
        self.refused("ValidationException", self.kms.replicate_key, KeyId=key)
        self.refused(
            "MalformedPolicyDocumentException", self.kms.replicate_key, KeyId=key,
            ReplicaRegion=ELSEWHERE, Policy="{}",
        )
        self.refused(
            "TagException", self.kms.replicate_key, KeyId=key, ReplicaRegion=ELSEWHERE,
            Tags=[{"TagKey": "aws:a", "TagValue": "b"}],
        )
        self.kms.disable_key(KeyId=key)
        self.refused(
            "DisabledException", self.kms.replicate_key, KeyId=key, ReplicaRegion=ELSEWHERE
        )

    def test_a_user_needs_permissions_in_both_regions(self):
        key = self.primary()
        name, access_key = user()
        as_user = client(access_key)
        ask = {"KeyId": key, "ReplicaRegion": THERE}
        self.refused(
            "AccessDeniedException", as_user.replicate_key, contains="kms:ReplicateKey", **ask
        )
        own = statement(
            name, "ReplicateKey",
            Condition={"StringEquals": {"kms:ReplicaRegion": THERE}},
        )
        self.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(own))
        self.refused(
            "AccessDeniedException", as_user.replicate_key, contains="kms:CreateKey", **ask
        )
        self.refused(
            "AccessDeniedException", as_user.replicate_key, contains="kms:ReplicateKey",
            KeyId=key, ReplicaRegion=ELSEWHERE,
        )
        creating = {
            "Effect": "Allow", "Action": ["kms:CreateKey", "kms:PutKeyPolicy"], "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": THERE}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [creating]})
        kms("user", "policy", "put", name.rsplit("/")[-1], "-", data=document.encode())
        self.refused(
            "AccessDeniedException", as_user.replicate_key, contains="kms:TagResource",
            Tags=[{"TagKey": "a", "TagValue": "b"}], **ask,
        )
        as_user.replicate_key(**ask)
        self.refused(
            "AccessDeniedException", as_user.update_primary_region, KeyId=key, PrimaryRegion=THERE
        )

    def test_the_primary_moves_and_takes_its_duties_along(self):
        key = self.related()
        self.kms.replicate_key(KeyId=key, ReplicaRegion=ELSEWHERE)
        self.assertIsNone(
            self.kms.update_primary_region(KeyId=key, PrimaryRegion=THERE).get("KeyId")
        )
        for one in (self.kms, self.there, self.elsewhere):
            self.assertEqual(self.roles(one, key), (THERE, [ELSEWHERE, REGION]))
        self.refused(
            "UnsupportedOperationException", self.kms.update_primary_region, KeyId=key,
            PrimaryRegion=ELSEWHERE,
            message=f"{arn_in(REGION, key)} is not a multi-region primary key.",
        )
        self.refused("UnsupportedOperationException", self.kms.rotate_key_on_demand, KeyId=key)
        self.there.rotate_key_on_demand(KeyId=key)
        lonely = self.primary()
        self.refused(
            "NotFoundException", self.kms.update_primary_region, KeyId=lonely, PrimaryRegion=THERE
        )

    def test_rotation_is_set_and_done_on_the_primary_for_all(self):
        key = self.related()
        old = self.kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
        for refused in (
            self.there.enable_key_rotation, self.there.disable_key_rotation,
            self.there.rotate_key_on_demand,
        ):
            self.refused("UnsupportedOperationException", refused, KeyId=key)
        self.kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
        status = self.there.get_key_rotation_status(KeyId=key)
        self.assertIs(status["KeyRotationEnabled"], True)
        self.assertEqual(status["RotationPeriodInDays"], 90)
        self.kms.rotate_key_on_demand(KeyId=key)
        listed = lambda one: [
            rotation["KeyMaterialId"] for rotation in one.list_key_rotations(KeyId=key)["Rotations"]
        ]
        self.assertEqual(len(listed(self.there)), 1)
        self.assertEqual(listed(self.kms), listed(self.there))
        new = self.there.encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(CiphertextBlob=new)["Plaintext"], b"new")
        self.assertEqual(self.there.decrypt(CiphertextBlob=old)["Plaintext"], b"old")

    def imported(self, kms_of_region, key, material, **more):
        parameters = kms_of_region.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        public = serialization.load_der_public_key(parameters["PublicKey"])
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        request = {
            "KeyId": key, "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": public.encrypt(material, oaep),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", **more,
        }
        return lambda: kms_of_region.import_key_material(**request)

    def test_imported_material_is_brought_to_every_region(self):
        key = self.primary(Origin="EXTERNAL")
        self.refused(
            "KMSInvalidStateException", self.kms.replicate_key, KeyId=key, ReplicaRegion=THERE
        )
        first, second = os.urandom(32), os.urandom(32)
        taken = self.imported(self.kms, key, first)()
        made = self.kms.replicate_key(KeyId=key, ReplicaRegion=THERE)["ReplicaKeyMetadata"]
        self.assertEqual(made["KeyState"], "PendingImport")
        self.refused("IncorrectKeyMaterialException", self.imported(self.there, key, second))
        new, existing = {"ImportType": "NEW_KEY_MATERIAL"}, {"ImportType": "EXISTING_KEY_MATERIAL"}
        self.refused("UnsupportedOperationException", self.imported(self.there, key, second, **new))
        same = self.imported(self.there, key, first, **existing)()
        self.assertEqual(same["KeyMaterialId"], taken["KeyMaterialId"])
        sealed = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(self.there.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")
        self.imported(self.kms, key, second, **new)()
        waiting = lambda: [
            one["KeyMaterialState"]
            for one in self.kms.list_key_rotations(
                KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL"
            )["Rotations"]
        ][-1]
        self.assertEqual(waiting(), "PENDING_MULTI_REGION_IMPORT_AND_ROTATION")
        self.refused("KMSInvalidStateException", self.kms.rotate_key_on_demand, KeyId=key)
        self.imported(self.there, key, second, **existing)()
        self.assertEqual(waiting(), "PENDING_ROTATION")
        self.kms.rotate_key_on_demand(KeyId=key)
        sealed = self.there.encrypt(KeyId=key, Plaintext=b"y")["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"y")

    def test_a_primary_waits_with_its_deletion_for_its_replicas(self):
        key = self.related()
        answer = self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.assertEqual(answer["KeyState"], "PendingReplicaDeletion")
        self.assertNotIn("DeletionDate", answer)
        described = self.described(self.kms, key)
        self.assertEqual(described["PendingDeletionWindowInDays"], 7)
        self.assertNotIn("DeletionDate", described)
        self.refused("KMSInvalidStateException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        self.there.encrypt(KeyId=key, Plaintext=b"x")
        self.refused("KMSInvalidStateException", self.kms.enable_key, KeyId=key)
        answer = self.there.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.assertEqual(answer["KeyState"], "PendingDeletion")
        self.assertIn("DeletionDate", answer)
        self.kms.cancel_key_deletion(KeyId=key)
        self.assertEqual(self.described(self.kms, key)["KeyState"], "Disabled")
        self.assertEqual(self.described(self.there, key)["KeyState"], "PendingDeletion")

    def test_the_record_tells_of_the_replica(self):
        key = self.related()
        records = [json.loads(line) for line in kms("audit", "tail", "--output", "json").splitlines()]
        record = [one for one in records if one["eventName"] == "ReplicateKey"][-1]
        self.assertEqual(record["awsRegion"], REGION)
        self.assertEqual(record["requestParameters"], {"keyId": key, "replicaRegion": THERE})
        replica = record["responseElements"]["replicaKeyMetadata"]
        self.assertEqual(replica["arn"], arn_in(THERE, key))
        self.assertEqual(replica["multiRegionConfiguration"]["multiRegionKeyType"], "REPLICA")


if __name__ == "__main__":
    unittest.main()
