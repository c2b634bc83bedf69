"""GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial."""

import datetime
import hmac
import os
import time
import unittest

import botocore.exceptions
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from support import Case, client, policy, statement, user
from wrapping import ALGORITHMS, wrap


class Import(Case):
    def external(self, **parameters):
        return self.key(Origin="EXTERNAL", **parameters)

    def parameters(self, key, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048"):
        return self.kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec
        )

    def request(self, key, material, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048", **more):
        parameters = self.parameters(key, algorithm, spec)
        return {
            "KeyId": key,
            "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": wrap(parameters, algorithm, material),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
            **more,
        }

    def imported(self, key, material, **more):
        return self.kms.import_key_material(**self.request(key, material, **more))

    def metadata(self, key):
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]

    def test_a_key_waits_for_its_material_and_works_with_it(self):
        made = self.kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
        key = made["KeyId"]
        self.assertEqual((made["KeyState"], made["Origin"]), ("PendingImport", "EXTERNAL"))
        self.assertIs(made["Enabled"], False)
        for absent in ("ExpirationModel", "ValidTo", "CurrentKeyMaterialId"):
            self.assertNotIn(absent, made)
        pending = f"{self.arn(key)} is pending import."
        invalid = "KMSInvalidStateException"
        self.refused(invalid, self.kms.encrypt, KeyId=key, Plaintext=b"x", message=pending)
        self.refused(invalid, self.kms.disable_key, KeyId=key, message=pending)
        answer = self.imported(key, os.urandom(32))
        self.assertEqual(answer["KeyId"], self.arn(key))
        after = self.metadata(key)
        self.assertEqual((after["KeyState"], after["Enabled"]), ("Enabled", True))
        self.assertEqual(after["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE")
        self.assertEqual(after["CurrentKeyMaterialId"], answer["KeyMaterialId"])
        sealed = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        self.assertEqual(self.kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")

    def test_every_algorithm_and_wrapping_key_brings_the_same_material(self):
        key, material, names = self.external(), os.urandom(32), set()
        for algorithm in ALGORITHMS:
            names.add(self.imported(key, material, algorithm=algorithm)["KeyMaterialId"])
        for spec in ("RSA_3072", "RSA_4096"):
            parameters = self.parameters(key, spec=spec)
            self.assertLessEqual(len(parameters["ImportToken"]), 6144)
            names.add(self.imported(key, material, spec=spec)["KeyMaterialId"])
        self.assertEqual(len(names), 1)

    def test_parameters_hold_for_a_day(self):
        parameters = self.parameters(self.external())
        wait = parameters["ParametersValidTo"] - datetime.datetime.now(datetime.timezone.utc)
        self.assertAlmostEqual(wait.total_seconds() / 3600, 24, delta=1.01)
        public = serialization.load_der_public_key(parameters["PublicKey"])
        self.assertEqual(public.key_size, 2048)

    def test_what_aws_does_not_take_is_refused(self):
        ask, key = self.kms.get_parameters_for_import, self.external()
        unsupported = "UnsupportedOperationException"
        own = self.key()
        self.refused(
            unsupported, ask, KeyId=own, WrappingAlgorithm="RSAES_OAEP_SHA_256",
            WrappingKeySpec="RSA_2048",
            message=f"{self.arn(own)} origin is AWS_KMS which is not valid for this operation.",
        )
        for algorithm, spec in (
            ("RSAES_PKCS1_V1_5", "RSA_2048"), ("SM2PKE", "SM2"), ("RSAES_OAEP_SHA_256", "SM2"),
        ):
            self.refused(
                unsupported, ask, KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec
            )
        self.refused("ValidationException", ask, KeyId=key, WrappingKeySpec="RSA_2048")
        self.refused(unsupported, self.kms.create_key, Origin="AWS_CLOUDHSM")

    def test_bad_material_and_bad_tokens_are_refused(self):
        bring = self.kms.import_key_material
        key, other = self.external(), self.external()
        good = self.request(key, bytes(32))
        for length in (16, 31, 33):
            self.refused(
                "IncorrectKeyMaterialException", bring, **self.request(key, bytes(length))
            )
        for algorithm in ALGORITHMS:
            request = self.request(key, bytes(32), algorithm=algorithm)
            altered = bytearray(request["EncryptedKeyMaterial"])
            altered[-1] ^= 1
            request["EncryptedKeyMaterial"] = bytes(altered)
            self.refused("InvalidCiphertextException", bring, **request)
        sha_1 = wrap(self.parameters(key), "RSAES_OAEP_SHA_1", bytes(32))
        self.refused(
            "InvalidCiphertextException", bring, **{**good, "EncryptedKeyMaterial": sha_1}
        )
        invalid = "InvalidImportTokenException"
        self.refused(invalid, bring, **{**good, "KeyId": other})
        self.refused(invalid, bring, **{**good, "ImportToken": b"token"})
        self.refused(invalid, bring, **{**good, "ImportToken": good["ImportToken"][:-1]})
        self.assertEqual(self.metadata(key)["KeyState"], "PendingImport")
        bring(**good)

    def test_material_expires_when_it_is_said_to(self):
        bring, key = self.kms.import_key_material, self.external()
        now = datetime.datetime.now(datetime.timezone.utc)
        expires = now.replace(microsecond=0) + datetime.timedelta(days=30)
        request = self.request(key, bytes(32))
        del request["ExpirationModel"]
        self.refused("ValidationException", bring, **request)
        for wrong in (now - datetime.timedelta(days=1), now + datetime.timedelta(days=366)):
            self.refused("ValidationException", bring, **request, ValidTo=wrong)
        bring(**request, ValidTo=expires)
        told = self.metadata(key)
        self.assertEqual(told["ExpirationModel"], "KEY_MATERIAL_EXPIRES")
        self.assertEqual(told["ValidTo"], expires)
        soon = self.brought_for_a_moment(request)
        while datetime.datetime.now(datetime.timezone.utc) <= soon:
            time.sleep(0.1)
        self.refused("KMSInvalidStateException", self.kms.encrypt, KeyId=key, Plaintext=b"x")
        self.assertEqual(self.metadata(key)["KeyState"], "PendingImport")

    def brought_for_a_moment(self, request):
        """Imports material that expires soon: when. A machine that is so busy that it is past by the
        time it is asked for tries a later moment."""
        seconds = 2
        while True:
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
            try:
                self.kms.import_key_material(**request, ValidTo=soon)
                return soon
            except botocore.exceptions.ClientError:
                if datetime.datetime.now(datetime.timezone.utc) < soon - datetime.timedelta(seconds=1):
                    raise
                seconds *= 2

    def test_deleted_material_comes_back_as_the_same_only(self):
        key, material = self.external(), os.urandom(32)
        name = self.imported(key, material)["KeyMaterialId"]
        sealed = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        deleted = self.kms.delete_imported_key_material(KeyId=key)
        self.assertEqual(deleted["KeyMaterialId"], name)
        self.assertEqual(self.metadata(key)["KeyState"], "PendingImport")
        self.refused("KMSInvalidStateException", self.kms.decrypt, CiphertextBlob=sealed)
        bring = self.kms.import_key_material
        self.refused("IncorrectKeyMaterialException", bring, **self.request(key, os.urandom(32)))
        self.assertEqual(self.imported(key, material)["KeyMaterialId"], name)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")

    def test_a_second_material_is_rotated_to(self):
        key = self.external()
        first = self.imported(key, os.urandom(32))["KeyMaterialId"]
        sealed = self.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        rotate = self.kms.rotate_key_on_demand
        self.refused(
            "KMSInvalidStateException", rotate, KeyId=key,
            message=f"No available key material pending rotation for the key: {self.arn(key)}.",
        )
        new = {"ImportType": "NEW_KEY_MATERIAL"}
        second = self.imported(key, os.urandom(32), **new)["KeyMaterialId"]
        self.assertEqual(self.metadata(key)["CurrentKeyMaterialId"], first)
        self.refused(
            "KMSInvalidStateException", self.kms.import_key_material,
            **self.request(key, os.urandom(32), **new),
            contains=f"another key material (id: {second}) is pending rotation.",
        )
        rotate(KeyId=key)
        self.assertEqual(self.metadata(key)["CurrentKeyMaterialId"], second)
        self.assertEqual(self.kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")
        listed = self.kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
        states = [(one["KeyMaterialId"], one["KeyMaterialState"]) for one in listed["Rotations"]]
        self.assertEqual(states, [(first, "NON_CURRENT"), (second, "CURRENT")])

    def test_hmac_keys_take_material_of_their_length(self):
        key = self.external(KeySpec="HMAC_512", KeyUsage="GENERATE_VERIFY_MAC")
        bring = self.kms.import_key_material
        self.refused("IncorrectKeyMaterialException", bring, **self.request(key, bytes(32)))
        bring(**self.request(key, bytes(64)))
        mac = self.kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_512")["Mac"]
        expected = hmac.digest(bytes(64), b"x", "sha512")
        self.assertEqual(mac, expected)

    def test_key_pairs_work_with_private_keys_from_outside(self):
        bring = self.kms.import_key_material
        usage = {"KeyUsage": "SIGN_VERIFY"}
        p256 = self.external(KeySpec="ECC_NIST_P256", **usage)
        rsa_2048 = self.external(KeySpec="RSA_2048", **usage)
        for key, outside, algorithm, signing in (
            (p256, ec.generate_private_key(ec.SECP256R1()), "RSAES_OAEP_SHA_256", "ECDSA_SHA_256"),
            (
                rsa_2048, rsa.generate_private_key(65537, 2048), "RSA_AES_KEY_WRAP_SHA_256",
                "RSASSA_PKCS1_V1_5_SHA_256",
            ),
        ):
            der = serialization.Encoding.DER
            pkcs8 = outside.private_bytes(
                der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            public = outside.public_key().public_bytes(
                der, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            bad = self.request(key, pkcs8[:-1], algorithm=algorithm)
            self.refused("IncorrectKeyMaterialException", bring, **bad)
            answer = bring(**self.request(key, pkcs8, algorithm=algorithm))
            self.assertNotIn("KeyMaterialId", answer)
            self.assertEqual(self.kms.get_public_key(KeyId=key)["PublicKey"], public)
            signature = self.kms.sign(KeyId=key, Message=b"x", SigningAlgorithm=signing)
            if signing.startswith("ECDSA"):
                outside.public_key().verify(
                    signature["Signature"], b"x", ec.ECDSA(hashes.SHA256())
                )
            else:
                outside.public_key().verify(
                    signature["Signature"], b"x", padding.PKCS1v15(), hashes.SHA256()
                )

    def test_policies_ask_how_material_comes_and_when_it_goes(self):
        arn, access_key = user()
        allowed = statement(
            arn, "GetParametersForImport", "ImportKeyMaterial",
            Condition={"StringEqualsIfExists": {
                "kms:WrappingAlgorithm": "RSAES_OAEP_SHA_256",
                "kms:ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
            }, "StringEquals": {"kms:KeyOrigin": "EXTERNAL"}},
        )
        key = self.external(Policy=policy(allowed))
        theirs = client(access_key)
        ask = {"KeyId": key, "WrappingKeySpec": "RSA_2048"}
        theirs.get_parameters_for_import(**ask, WrappingAlgorithm="RSAES_OAEP_SHA_256")
        self.refused(
            "AccessDeniedException", theirs.get_parameters_for_import, **ask,
            WrappingAlgorithm="RSAES_OAEP_SHA_1",
        )
        request = self.request(key, bytes(32))
        day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
        expiring = {**request, "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": day}
        self.refused("AccessDeniedException", theirs.import_key_material, **expiring)
        theirs.import_key_material(**request)


if __name__ == "__main__":
    unittest.main()
