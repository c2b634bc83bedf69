"""Recipient on Decrypt, DeriveSharedSecret, GenerateDataKey, GenerateDataKeyPair and GenerateRandom:
what is answered is opened by OpenSSL, with the private key that never left the enclave."""

import os
import time
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nitro import Authority, Enclave, recipient
from support import Case, client, policy, statement, user


class Attestation(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority.trusted()
        cls.enclave = Enclave()

    def recipient(self, enclave=None, **members):
        enclave = enclave or self.enclave
        return recipient(self.authority.document(enclave.public, **members))

    def opened(self, answer, secret, enclave=None):
        """What the enclave reads, and nobody else."""
        self.assertNotIn(secret, answer)
        return (enclave or self.enclave).open(answer["CiphertextForRecipient"])

    def test_decrypt(self):
        key = self.key()
        for length in (1, 15, 16, 17, 4096):
            plaintext = os.urandom(length)
            blob = self.kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
            answer = self.kms.decrypt(CiphertextBlob=blob, Recipient=self.recipient())
            self.assertEqual(self.opened(answer, "Plaintext"), plaintext)
            self.assertEqual(answer["KeyId"], self.arn(key))
            self.assertEqual(answer["EncryptionAlgorithm"], "SYMMETRIC_DEFAULT")
            self.assertIn("KeyMaterialId", answer)
            clear = self.kms.decrypt(CiphertextBlob=blob)
            self.assertEqual(clear["Plaintext"], plaintext)
            self.assertNotIn("CiphertextForRecipient", clear)

    def test_generate_data_key(self):
        key = self.key()
        context = {"Department": "IT"}
        made = self.kms.generate_data_key(
            KeyId=key, KeySpec="AES_256", EncryptionContext=context, Recipient=self.recipient()
        )
        secret = self.opened(made, "Plaintext")
        self.assertEqual(len(secret), 32)
        opened = self.kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)
        self.assertEqual(opened["Plaintext"], secret)

    def test_generate_data_key_pair(self):
        key = self.key()
        for spec in ("ECC_NIST_P384", "RSA_2048"):
            made = self.kms.generate_data_key_pair(
                KeyId=key, KeyPairSpec=spec, Recipient=self.recipient()
            )
            pkcs8 = self.opened(made, "PrivateKeyPlaintext")
            public = serialization.load_der_private_key(pkcs8, None).public_key()
            spki = public.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            self.assertEqual(made["PublicKey"], spki)
            opened = self.kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])
            self.assertEqual(opened["Plaintext"], pkcs8)

    def test_derive_shared_secret(self):
        key = self.key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
        peer = ec.generate_private_key(ec.SECP256R1())
        spki = peer.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        answer = self.kms.derive_shared_secret(
            KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=spki, Recipient=self.recipient()
        )
        own = serialization.load_der_public_key(self.kms.get_public_key(KeyId=key)["PublicKey"])
        expected = peer.exchange(ec.ECDH(), own)
        self.assertEqual(self.opened(answer, "SharedSecret"), expected)

    def test_generate_random(self):
        for bits in (2048, 3072, 4096):
            enclave = Enclave(bits)
            answer = self.kms.generate_random(NumberOfBytes=32, Recipient=self.recipient(enclave))
            self.assertEqual(len(self.opened(answer, "Plaintext", enclave)), 32)

    def test_a_nitro_tpm_is_a_recipient(self):
        registers = {index: bytes([index]) * 48 for index in range(24)}
        whom = self.recipient(pcrs=..., nitrotpm_pcrs=registers)
        answer = self.kms.generate_random(NumberOfBytes=8, Recipient=whom)
        self.assertEqual(len(self.opened(answer, "Plaintext")), 8)

    def test_documents_that_are_not_believed(self):
        # Nobody recorded what AWS says of these: the words are ours.
        def refused(document, words):
            whom = recipient(document)
            call = self.kms.generate_random
            self.refused("ValidationException", call, message=words, NumberOfBytes=8, Recipient=whom)

        malformed = "The attestation document is malformed."
        good = self.authority.document(self.enclave.public)
        refused(b"no document", malformed)
        refused(good[:-1], malformed)
        refused(good + b"\0", malformed)
        changed = good[:-1] + bytes([good[-1] ^ 1])
        refused(changed, "The signature of the attestation document is not valid.")
        stale = int(time.time() - 301) * 1000
        old = self.authority.document(self.enclave.public, timestamp=stale)
        refused(old, "The attestation document has expired or is not yet valid.")
        stranger = Authority().document(self.enclave.public)
        refused(
            stranger,
            "The certificate chain of the attestation document is not valid: "
            "its first certificate is not a root that this service trusts.",
        )
        keyless = self.authority.document(None)
        refused(keyless, "The attestation document has no public_key.")
        elliptic = ec.generate_private_key(ec.SECP384R1()).public_key()
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        elliptic = elliptic.public_bytes(serialization.Encoding.DER, spki)
        refused(
            self.authority.document(elliptic),
            "The public key of the attestation document is not an RSA key of 2048, 3072 or 4096 bits.",
        )

    def test_a_recipient_needs_its_members(self):
        call = self.kms.generate_random
        good = self.authority.document(self.enclave.public)
        for whom, message in [
            ({}, "Recipient requires KeyEncryptionAlgorithm."),
            ({"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}, "Recipient requires AttestationDocument."),
            ({"AttestationDocument": good}, "Recipient requires KeyEncryptionAlgorithm."),
        ]:
            self.refused(
                "ValidationException", call, message=message, NumberOfBytes=8, Recipient=whom
            )
        self.refused(
            "ValidationException",
            call,
            contains="recipient.keyEncryptionAlgorithm",
            NumberOfBytes=8,
            Recipient=recipient(good, "RSAES_OAEP_SHA_1"),
        )

    def test_a_policy_lets_one_image_alone_use_a_key(self):
        arn, access_key = user()
        image = (b"\x5a" * 48).hex()
        condition = {
            "StringEqualsIgnoreCase": {
                "kms:RecipientAttestation:ImageSha384": image.upper(),
                "kms:RecipientAttestation:PCR4": "04" * 48,
            }
        }
        key = self.key(Policy=policy(statement(arn, "Decrypt", Condition=condition)))
        blob = self.kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
        kms = client(access_key)
        registers = {index: bytes([index]) * 48 for index in range(16)}
        right = self.recipient(pcrs={**registers, 0: b"\x5a" * 48})
        answer = kms.decrypt(CiphertextBlob=blob, Recipient=right)
        self.assertEqual(self.opened(answer, "Plaintext"), b"secret")
        call = kms.decrypt
        debug = dict.fromkeys(range(16), bytes(48))
        for whom in ({}, {"Recipient": self.recipient()}, {"Recipient": self.recipient(pcrs=debug)}):
            self.refused("AccessDeniedException", call, CiphertextBlob=blob, **whom)
        dry = {"CiphertextBlob": blob, "Recipient": right, "DryRun": True}
        self.refused("DryRunOperationException", call, **dry)


if __name__ == "__main__":
    unittest.main()
