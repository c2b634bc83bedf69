"""Key pairs and HMAC keys: Sign, Verify, GetPublicKey, DeriveSharedSecret, GenerateMac, VerifyMac,
GenerateDataKeyPair, and RSA in Encrypt, Decrypt and ReEncrypt. What the service signs, encrypts and
agrees on is checked with another implementation, and the reverse."""

import hashlib
import hmac
import os
import unittest

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from support import ABSENT, Case, client, policy, statement, user

RSA = ("RSA_2048", "RSA_3072", "RSA_4096")
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {
    "ECC_NIST_P256": ("ECDSA_SHA_256", ec.SECP256R1),
    "ECC_NIST_P384": ("ECDSA_SHA_384", ec.SECP384R1),
    "ECC_NIST_P521": ("ECDSA_SHA_512", ec.SECP521R1),
    "ECC_SECG_P256K1": ("ECDSA_SHA_256", ec.SECP256K1),
}
MESSAGE = b"attack at dawn"


def hash_of(algorithm):
    return HASHES[algorithm[-3:]]


def rsa_padding(algorithm):
    if algorithm.startswith("RSASSA_PKCS1"):
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(hash_of(algorithm)), hash_of(algorithm).digest_size)


def oaep(algorithm):
    hashed = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    return padding.OAEP(padding.MGF1(hashed), hashed, None)


class KeyCase(Case):
    def pair(self, spec, usage="SIGN_VERIFY"):
        return self.key(KeySpec=spec, KeyUsage=usage)

    def public(self, key):
        der = self.kms.get_public_key(KeyId=key)["PublicKey"]
        return serialization.load_der_public_key(der)

    def sign(self, key, algorithm, message=MESSAGE, kind="RAW"):
        answer = self.kms.sign(
            KeyId=key, Message=message, MessageType=kind, SigningAlgorithm=algorithm
        )
        self.assertEqual(answer["KeyId"], self.arn(key))
        self.assertEqual(answer["SigningAlgorithm"], algorithm)
        return answer["Signature"]

    def verifies(self, key, algorithm, signature, message=MESSAGE, kind="RAW"):
        answer = self.kms.verify(
            KeyId=key, Message=message, MessageType=kind, Signature=signature,
            SigningAlgorithm=algorithm,
        )
        self.assertIs(answer["SignatureValid"], True)

    def unverified(self, key, algorithm, signature, message=MESSAGE, kind="RAW"):
        self.refused(
            "KMSInvalidSignatureException", self.kms.verify, message="", KeyId=key,
            Message=message, MessageType=kind, Signature=signature, SigningAlgorithm=algorithm,
        )


class Signatures(KeyCase):
    def test_rsa_signatures_verify_elsewhere(self):
        for spec in RSA:
            key = self.pair(spec)
            public = self.public(key)
            self.assertEqual(public.key_size, int(spec[-4:]))
            algorithms = self.kms.describe_key(KeyId=key)["KeyMetadata"]["SigningAlgorithms"]
            self.assertEqual(len(algorithms), 6)
            for algorithm in algorithms:
                hashed = hash_of(algorithm)
                signature = self.sign(key, algorithm)
                public.verify(signature, MESSAGE, rsa_padding(algorithm), hashed)
                digest = hashlib.new(hashed.name, MESSAGE).digest()
                signature = self.sign(key, algorithm, digest, "DIGEST")
                prehashed = utils.Prehashed(hashed)
                public.verify(signature, digest, rsa_padding(algorithm), prehashed)
                self.verifies(key, algorithm, signature)
                self.unverified(key, algorithm, signature, b"attack at dusk")
                self.unverified(key, algorithm, signature[:-1])

    def test_ecdsa_signatures_verify_elsewhere(self):
        for spec, (algorithm, _) in CURVES.items():
            key = self.pair(spec)
            public, hashed = self.public(key), hash_of(algorithm)
            signature = self.sign(key, algorithm)
            public.verify(signature, MESSAGE, ec.ECDSA(hashed))
            digest = hashlib.new(hashed.name, MESSAGE).digest()
            signature = self.sign(key, algorithm, digest, "DIGEST")
            public.verify(signature, MESSAGE, ec.ECDSA(hashed))
            self.verifies(key, algorithm, signature)
            self.unverified(key, algorithm, signature, b"attack at dusk")
            other = self.pair(spec)
            self.unverified(other, algorithm, signature)

    def test_either_s_of_an_ecdsa_signature_is_valid(self):
        order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
        key = self.pair("ECC_SECG_P256K1")
        r, s = utils.decode_dss_signature(self.sign(key, "ECDSA_SHA_256"))
        self.assertLessEqual(s, order // 2)
        high = utils.encode_dss_signature(r, order - s)
        self.verifies(key, "ECDSA_SHA_256", high)

    def test_ed25519_signatures_verify_elsewhere(self):
        key = self.pair("ECC_NIST_EDWARDS25519")
        public = self.public(key)
        self.assertIsInstance(public, ed25519.Ed25519PublicKey)
        signature = self.sign(key, "ED25519_SHA_512")
        public.verify(signature, MESSAGE)
        self.verifies(key, "ED25519_SHA_512", signature)
        self.unverified(key, "ED25519_SHA_512", signature, b"attack at dusk")
        digest = hashlib.sha512(MESSAGE).digest()
        signature = self.sign(key, "ED25519_PH_SHA_512", digest, "DIGEST")
        self.verifies(key, "ED25519_PH_SHA_512", signature, digest, "DIGEST")
        self.unverified(key, "ED25519_SHA_512", signature, digest)
        for algorithm, message, kind in (
            ("ED25519_SHA_512", digest, "DIGEST"), ("ED25519_PH_SHA_512", MESSAGE, "RAW"),
        ):
            self.refused(
                "ValidationException", self.kms.sign, KeyId=key, Message=message,
                MessageType=kind, SigningAlgorithm=algorithm,
            )

    def test_ml_dsa_signs_a_message_and_its_mu_alike(self):
        lengths = {"ML_DSA_44": (1312, 2420), "ML_DSA_65": (1952, 3309), "ML_DSA_87": (2592, 4627)}
        for spec, (public_length, signature_length) in lengths.items():
            key = self.pair(spec)
            public = self.kms.get_public_key(KeyId=key)["PublicKey"][-public_length:]
            # FIPS 204, algorithms 2 and 7, by hand.
            tr = hashlib.shake_256(public).digest(64)
            mu = hashlib.shake_256(tr + b"\0\0" + MESSAGE).digest(64)
            signature = self.sign(key, "ML_DSA_SHAKE_256", mu, "EXTERNAL_MU")
            self.assertEqual(len(signature), signature_length)
            self.verifies(key, "ML_DSA_SHAKE_256", signature)
            signature = self.sign(key, "ML_DSA_SHAKE_256")
            self.verifies(key, "ML_DSA_SHAKE_256", signature, mu, "EXTERNAL_MU")
            self.unverified(key, "ML_DSA_SHAKE_256", signature, b"attack at dusk")
            self.refused(
                "ValidationException", self.kms.sign, KeyId=key, Message=mu[:63],
                MessageType="EXTERNAL_MU", SigningAlgorithm="ML_DSA_SHAKE_256",
            )

    def test_a_digest_has_the_length_of_its_algorithm(self):
        key = self.pair("RSA_2048")
        for algorithm in ("RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_512"):
            self.refused(
                "ValidationException", self.kms.sign, KeyId=key, Message=MESSAGE,
                MessageType="DIGEST", SigningAlgorithm=algorithm,
                message=f"Digest is invalid length for algorithm {algorithm}.",
            )

    def test_a_message_is_1_to_4096_bytes_long(self):
        key = self.pair("ECC_NIST_P256")
        self.sign(key, "ECDSA_SHA_256", b"x" * 4096)
        for message in (b"", b"x" * 4097):
            self.refused(
                "ValidationException", self.kms.sign, KeyId=key, Message=message,
                SigningAlgorithm="ECDSA_SHA_256", contains="at 'message' failed to satisfy",
            )

    def test_what_a_key_was_not_made_for_is_refused(self):
        symmetric, signing = self.key(), self.pair("ECC_NIST_P256")
        words = f"{self.arn(symmetric)} key usage is ENCRYPT_DECRYPT which is not valid for Sign."
        self.refused(
            "InvalidKeyUsageException", self.kms.sign, message=words, KeyId=symmetric,
            Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256",
        )
        self.refused(
            "InvalidKeyUsageException", self.kms.sign, KeyId=signing, Message=MESSAGE,
            SigningAlgorithm="ECDSA_SHA_384",
            message="Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.",
        )
        self.refused(
            "InvalidKeyUsageException", self.kms.encrypt, KeyId=signing, Plaintext=b"x"
        )
        self.refused("UnsupportedOperationException", self.kms.get_public_key, KeyId=symmetric)
        self.refused("NotFoundException", self.kms.get_public_key, KeyId=ABSENT)

    def test_a_dry_run_signs_nothing(self):
        key = self.pair("ECC_NIST_P256")
        words = "The request would have succeeded, but the DryRun option is set."
        self.refused(
            "DryRunOperationException", self.kms.sign, message=words, KeyId=key, Message=MESSAGE,
            SigningAlgorithm="ECDSA_SHA_256", DryRun=True,
        )

    def test_a_key_that_is_disabled_or_waits_for_deletion_signs_nothing(self):
        key = self.pair("ECC_NIST_P256")
        asked = {"KeyId": key, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
        self.kms.disable_key(KeyId=key)
        words = f"{self.arn(key)} is disabled."
        self.refused("DisabledException", self.kms.sign, message=words, **asked)
        self.refused("DisabledException", self.kms.get_public_key, KeyId=key)
        self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        words = f"{self.arn(key)} is pending deletion."
        self.refused("KMSInvalidStateException", self.kms.sign, message=words, **asked)

    def test_an_alias_names_the_key_and_a_policy_the_algorithm(self):
        arn, access_key = user()
        allowed = statement(
            arn, "Sign", Condition={"StringEquals": {"kms:SigningAlgorithm": "RSASSA_PSS_SHA_256"}}
        )
        key = self.key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Policy=policy(allowed))
        alias = self.alias()
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)
        theirs = client(access_key)
        theirs.sign(KeyId=alias, Message=MESSAGE, SigningAlgorithm="RSASSA_PSS_SHA_256")
        self.refused(
            "AccessDeniedException", theirs.sign, KeyId=alias, Message=MESSAGE,
            SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
        )


class Kinds(KeyCase):
    def test_a_key_that_is_not_symmetric_says_its_usage(self):
        self.refused(
            "ValidationException", self.kms.create_key, KeySpec="HMAC_256",
            message="You must specify a KeyUsage value for all KMS keys except for symmetric "
            "encryption keys.",
        )
        self.refused(
            "ValidationException", self.kms.create_key, KeySpec="RSA_2048",
            KeyUsage="KEY_AGREEMENT",
            message="KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
        )
        self.refused(
            "UnsupportedOperationException", self.kms.create_key, KeySpec="SM2",
            KeyUsage="SIGN_VERIFY",
        )

    def test_the_deprecated_name_of_the_spec_still_works(self):
        made = self.kms.create_key(CustomerMasterKeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")
        metadata = made["KeyMetadata"]
        self.assertEqual(metadata["KeySpec"], "ECC_NIST_P384")
        self.assertEqual(metadata["CustomerMasterKeySpec"], "ECC_NIST_P384")
        self.assertEqual(metadata["SigningAlgorithms"], ["ECDSA_SHA_384"])
        for absent in ("EncryptionAlgorithms", "MacAlgorithms", "CurrentKeyMaterialId"):
            self.assertNotIn(absent, metadata)

    def test_only_symmetric_keys_are_rotated(self):
        key = self.pair("RSA_2048", "ENCRYPT_DECRYPT")
        for call in (
            self.kms.rotate_key_on_demand, self.kms.enable_key_rotation,
            self.kms.disable_key_rotation, self.kms.get_key_rotation_status,
            self.kms.list_key_rotations,
        ):
            self.refused("UnsupportedOperationException", call, message="", KeyId=key)


class Encryption(KeyCase):
    LONGEST = {
        ("RSA_2048", "RSAES_OAEP_SHA_1"): 214, ("RSA_2048", "RSAES_OAEP_SHA_256"): 190,
        ("RSA_3072", "RSAES_OAEP_SHA_1"): 342, ("RSA_3072", "RSAES_OAEP_SHA_256"): 318,
        ("RSA_4096", "RSAES_OAEP_SHA_1"): 470, ("RSA_4096", "RSAES_OAEP_SHA_256"): 446,
    }

    def test_rsa_decrypts_what_was_encrypted_elsewhere(self):
        keys = {spec: self.pair(spec, "ENCRYPT_DECRYPT") for spec in RSA}
        for (spec, algorithm), longest in self.LONGEST.items():
            key, plaintext = keys[spec], os.urandom(longest)
            here = self.kms.encrypt(
                KeyId=key, Plaintext=plaintext, EncryptionAlgorithm=algorithm
            )
            self.assertEqual(here["EncryptionAlgorithm"], algorithm)
            elsewhere = self.public(key).encrypt(plaintext, oaep(algorithm))
            for blob in (here["CiphertextBlob"], elsewhere):
                opened = self.kms.decrypt(
                    KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm=algorithm
                )
                self.assertEqual(opened["Plaintext"], plaintext)
                self.assertNotIn("KeyMaterialId", opened)
            self.refused(
                "ValidationException", self.kms.encrypt, KeyId=key, Plaintext=plaintext + b"x",
                EncryptionAlgorithm=algorithm,
                message=f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger "
                f"than {longest} bytes.",
            )

    def test_a_ciphertext_of_rsa_is_of_one_key_and_one_algorithm(self):
        key, other = (self.pair("RSA_2048", "ENCRYPT_DECRYPT") for _ in range(2))
        algorithm = "RSAES_OAEP_SHA_256"
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionAlgorithm=algorithm)[
            "CiphertextBlob"
        ]
        for named, by, changed in (
            (other, algorithm, blob), (key, "RSAES_OAEP_SHA_1", blob),
            (key, algorithm, blob[:-1]), (key, algorithm, bytes([blob[0] ^ 1]) + blob[1:]),
        ):
            self.refused(
                "InvalidCiphertextException", self.kms.decrypt, message="", KeyId=named,
                CiphertextBlob=changed, EncryptionAlgorithm=by,
            )
        self.refused(
            "InvalidKeyUsageException", self.kms.encrypt, KeyId=key, Plaintext=b"x",
            message="Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
        )
        self.refused(
            "ValidationException", self.kms.decrypt, CiphertextBlob=blob,
            EncryptionAlgorithm=algorithm,
        )
        self.refused(
            "ValidationException", self.kms.encrypt, KeyId=key, Plaintext=b"x",
            EncryptionAlgorithm=algorithm, EncryptionContext={"a": "b"},
        )

    def test_a_ciphertext_moves_from_rsa_to_a_symmetric_key(self):
        pair, symmetric = self.pair("RSA_2048", "ENCRYPT_DECRYPT"), self.key()
        blob = self.public(pair).encrypt(MESSAGE, oaep("RSAES_OAEP_SHA_256"))
        moved = self.kms.re_encrypt(
            CiphertextBlob=blob, SourceKeyId=pair, DestinationKeyId=symmetric,
            SourceEncryptionAlgorithm="RSAES_OAEP_SHA_256",
            DestinationEncryptionContext={"a": "b"},
        )
        self.assertEqual(moved["SourceEncryptionAlgorithm"], "RSAES_OAEP_SHA_256")
        opened = self.kms.decrypt(
            CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"a": "b"}
        )
        self.assertEqual(opened["Plaintext"], MESSAGE)


class Agreement(KeyCase):
    def test_a_secret_is_shared_with_a_key_made_elsewhere(self):
        for spec in ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"):
            key = self.pair(spec, "KEY_AGREEMENT")
            ours = ec.generate_private_key(CURVES[spec][1]())
            answer = self.derive(key, ours.public_key())
            self.assertEqual(
                answer["SharedSecret"], ours.exchange(ec.ECDH(), self.public(key))
            )
            self.assertEqual(answer["KeyAgreementAlgorithm"], "ECDH")
            self.assertEqual(answer["KeyOrigin"], "AWS_KMS")

    def derive(self, key, public):
        der = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return self.kms.derive_shared_secret(
            KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=der
        )

    def test_what_is_no_public_key_of_the_curve_is_refused(self):
        key = self.pair("ECC_NIST_P256", "KEY_AGREEMENT")
        other = self.kms.get_public_key(KeyId=self.pair("ECC_NIST_P384"))["PublicKey"]
        own = self.kms.get_public_key(KeyId=key)["PublicKey"]
        off_the_curve = own[:-1] + bytes([own[-1] ^ 1])
        for public in (b"InvalidPublicKey", other, own[26:], off_the_curve):
            self.refused(
                "ValidationException", self.kms.derive_shared_secret, message="", KeyId=key,
                KeyAgreementAlgorithm="ECDH", PublicKey=public,
            )
        signing = self.pair("ECC_NIST_P256")
        words = (
            f"{self.arn(signing)} key usage is SIGN_VERIFY which is not valid for "
            "DeriveSharedSecret."
        )
        self.refused(
            "InvalidKeyUsageException", self.kms.derive_shared_secret, message=words,
            KeyId=signing, KeyAgreementAlgorithm="ECDH", PublicKey=own,
        )


class Macs(KeyCase):
    def test_a_mac_is_that_of_its_message(self):
        for bits, size in (("224", 28), ("256", 32), ("384", 48), ("512", 64)):
            key, algorithm = self.pair(f"HMAC_{bits}", "GENERATE_VERIFY_MAC"), f"HMAC_SHA_{bits}"
            asked = {"KeyId": key, "MacAlgorithm": algorithm}
            made = self.kms.generate_mac(Message=MESSAGE, **asked)
            self.assertEqual(len(made["Mac"]), size)
            self.assertEqual(made["KeyId"], self.arn(key))
            again = self.kms.generate_mac(Message=MESSAGE, **asked)["Mac"]
            self.assertTrue(hmac.compare_digest(made["Mac"], again))
            answer = self.kms.verify_mac(Message=MESSAGE, Mac=made["Mac"], **asked)
            self.assertIs(answer["MacValid"], True)
            for message, mac in (
                (b"another", made["Mac"]), (MESSAGE, made["Mac"][:-1]), (MESSAGE, b"\0" * size),
            ):
                self.refused(
                    "KMSInvalidMacException", self.kms.verify_mac, message="", Message=message,
                    Mac=mac, **asked,
                )

    def test_a_key_makes_macs_by_its_own_algorithm(self):
        key = self.pair("HMAC_256", "GENERATE_VERIFY_MAC")
        self.refused(
            "InvalidKeyUsageException", self.kms.generate_mac, KeyId=key, Message=MESSAGE,
            MacAlgorithm="HMAC_SHA_512",
            message="Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.",
        )
        self.refused("UnsupportedOperationException", self.kms.get_public_key, KeyId=key)


class DataKeyPairs(KeyCase):
    SPECS = [*RSA, *CURVES, "ECC_NIST_EDWARDS25519"]

    def test_a_data_key_pair_is_one(self):
        key, context = self.key(), {"purpose": "pair"}
        for spec in self.SPECS:
            made = self.kms.generate_data_key_pair(
                KeyId=key, KeyPairSpec=spec, EncryptionContext=context
            )
            self.assertEqual(made["KeyPairSpec"], spec)
            private = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
            public = private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            self.assertEqual(public, made["PublicKey"])
            if spec in RSA:
                self.assertIsInstance(private, rsa.RSAPrivateKey)
                self.assertEqual(private.key_size, int(spec[-4:]))
            opened = self.kms.decrypt(
                CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext=context
            )
            self.assertEqual(opened["Plaintext"], made["PrivateKeyPlaintext"])
            self.refused(
                "InvalidCiphertextException", self.kms.decrypt,
                CiphertextBlob=made["PrivateKeyCiphertextBlob"],
            )

    def test_without_plaintext_the_private_key_comes_encrypted_only(self):
        key = self.key()
        made = self.kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="RSA_2048")
        self.assertNotIn("PrivateKeyPlaintext", made)
        opened = self.kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"]
        private = serialization.load_der_private_key(opened, None)
        public = serialization.load_der_public_key(made["PublicKey"])
        self.assertEqual(private.public_key().public_numbers(), public.public_numbers())

    def test_only_a_symmetric_key_protects_a_pair(self):
        for key in (self.pair("RSA_2048", "ENCRYPT_DECRYPT"), self.pair("ECC_NIST_P256")):
            self.refused(
                "InvalidKeyUsageException", self.kms.generate_data_key_pair, KeyId=key,
                KeyPairSpec="ECC_NIST_P256",
            )
        self.refused(
            "UnsupportedOperationException", self.kms.generate_data_key_pair, KeyId=self.key(),
            KeyPairSpec="SM2",
        )
        words = "The request would have succeeded, but the DryRun option is set."
        self.refused(
            "DryRunOperationException", self.kms.generate_data_key_pair_without_plaintext,
            message=words, KeyId=self.key(), KeyPairSpec="RSA_2048", DryRun=True,
        )


if __name__ == "__main__":
    unittest.main()
