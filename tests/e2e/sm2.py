"""Keys of spec SM2 where the server is configured to make them, as SIGN_VERIFY, ENCRYPT_DECRYPT and
KEY_AGREEMENT keys and as data key pairs. The other side of every signature and ciphertext is the
program `openssl`, and that of every shared secret the arithmetic of the curve, as GB/T 32918 has it."""

import os
import subprocess
import tempfile
import unittest

from support import Case

MESSAGE = b"attack at dawn"
ID = b"1234567812345678"

# GB/T 32918.5: y² = x³ + ax + b over GF(p), and the base point.
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
# SubjectPublicKeyInfo up to the coordinates.
HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")


def plus(one, other):
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % P == 0:
        return None
    if one == other:
        slope = (3 * one[0] ** 2 + A) * pow(2 * one[1], -1, P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P)
    x = (slope**2 - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(scalar, point):
    product = None
    while scalar:
        if scalar & 1:
            product = plus(product, point)
        point = plus(point, point)
        scalar >>= 1
    return product


def encoded(*numbers):
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def coordinates(public):
    assert public.startswith(HEAD) and len(public) == len(HEAD) + 64, public.hex()
    x, y = public[-64:-32], public[-32:]
    return int.from_bytes(x, "big"), int.from_bytes(y, "big")


class OpenSsl:
    """The program, with its files in a directory of their own."""

    def __init__(self, case):
        directory = tempfile.TemporaryDirectory(dir=os.environ.get("KMS_SCRATCH"))
        case.addCleanup(directory.cleanup)
        self.directory = directory.name

    def file(self, content):
        handle, path = tempfile.mkstemp(dir=self.directory)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return path

    def run(self, *arguments, input=b""):
        done = subprocess.run(["openssl", *arguments], input=input, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def private_key(self):
        sec1 = self.run("genpkey", "-algorithm", "SM2", "-outform", "DER")
        pkcs8 = ("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-outform", "DER")
        return self.run(*pkcs8, input=sec1)

    def public_key(self, private):
        return self.run("pkey", "-inform", "DER", "-pubout", "-outform", "DER", input=private)

    def digest(self, message):
        return self.run("dgst", "-sm3", "-binary", input=message)

    def e(self, public, message, identity=ID):
        """GB/T 32918.2 §5.5: the digest of the message after that of who signs it."""
        bits = (8 * len(identity)).to_bytes(2, "big")
        curve = encoded(A, B, *G, *coordinates(public))
        return self.digest(self.digest(bits + identity + curve) + message)

    def pkeyutl(self, what, key, content, *more):
        path = self.file(key)
        command = ("pkeyutl", what, "-keyform", "DER", "-inkey", path, *more)
        return self.run(*command, "-in", self.file(content))

    def signed(self, *more, identity=ID):
        return ("-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{identity.decode()}", *more)

    def sign(self, private, message, identity=ID):
        return self.pkeyutl("-sign", private, message, *self.signed(identity=identity))

    def verify(self, public, message, signature, identity=ID):
        more = ("-pubin", "-sigfile", self.file(signature))
        self.pkeyutl("-verify", public, message, *self.signed(*more, identity=identity))

    def encrypt(self, public, plaintext):
        return self.pkeyutl("-encrypt", public, plaintext, "-pubin")

    def decrypt(self, private, ciphertext):
        return self.pkeyutl("-decrypt", private, ciphertext)


class Sm2Case(Case):
    def setUp(self):
        super().setUp()
        self.openssl = OpenSsl(self)

    def sm2(self, usage, **more):
        return self.key(KeySpec="SM2", KeyUsage=usage, **more)

    def refuses(self, code, call, *arguments, words=None):
        self.refused(code, lambda: call(*arguments), message=words)

    def public(self, key):
        return self.kms.get_public_key(KeyId=key)["PublicKey"]

    def sign(self, key, message, kind="RAW"):
        return self.kms.sign(
            KeyId=key, Message=message, MessageType=kind, SigningAlgorithm="SM2DSA"
        )["Signature"]

    def verifies(self, key, message, signature, kind="RAW"):
        answer = self.kms.verify(
            KeyId=key, Message=message, MessageType=kind, Signature=signature,
            SigningAlgorithm="SM2DSA",
        )
        return answer["SignatureValid"]

    def imported(self, usage):
        """A key whose private key OpenSSL made, and wrapped to the service by SM2PKE."""
        private = self.openssl.private_key()
        key = self.sm2(usage, Origin="EXTERNAL")
        parameters = self.kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="SM2PKE", WrappingKeySpec="SM2"
        )
        self.kms.import_key_material(
            KeyId=key, ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=self.openssl.encrypt(parameters["PublicKey"], private),
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )
        return key, private


class Signatures(Sm2Case):
    def test_openssl_verifies_what_is_signed(self):
        key = self.sm2("SIGN_VERIFY")
        public, e = self.public(key), self.openssl.e(self.public(key), MESSAGE)
        for signature in (self.sign(key, MESSAGE), self.sign(key, e, "DIGEST")):
            self.openssl.verify(public, MESSAGE, signature)
            with self.assertRaises(AssertionError):
                self.openssl.verify(public, MESSAGE + b".", signature)
            self.assertTrue(self.verifies(key, MESSAGE, signature))
            self.assertTrue(self.verifies(key, e, signature, "DIGEST"))

    def test_a_digest_can_be_of_a_signer_with_an_id_of_their_own(self):
        key, alice = self.sm2("SIGN_VERIFY"), b"alice@example.com"
        public = self.public(key)
        signature = self.sign(key, self.openssl.e(public, MESSAGE, alice), "DIGEST")
        self.openssl.verify(public, MESSAGE, signature, alice)
        with self.assertRaises(AssertionError):
            self.openssl.verify(public, MESSAGE, signature)
        self.refuses(
            "KMSInvalidSignatureException", self.verifies, key, MESSAGE, signature
        )

    def test_what_openssl_signs_verifies(self):
        key, private = self.imported("SIGN_VERIFY")
        self.assertEqual(self.public(key), self.openssl.public_key(private))
        signature = self.openssl.sign(private, MESSAGE)
        self.assertTrue(self.verifies(key, MESSAGE, signature))
        invalid = "KMSInvalidSignatureException"
        self.refuses(invalid, self.verifies, key, MESSAGE + b".", signature)
        self.refuses(invalid, self.verifies, key, MESSAGE, signature + b"\0")
        self.refuses(invalid, self.verifies, key, MESSAGE, bytes(64))

    def test_what_is_no_digest_is_refused(self):
        key = self.sm2("SIGN_VERIFY")
        self.refuses(
            "ValidationException", self.sign, key, bytes(31), "DIGEST",
            words="Digest is invalid length for algorithm SM2DSA.",
        )
        self.refuses("ValidationException", self.sign, key, bytes(64), "EXTERNAL_MU")
        self.refused(
            "InvalidKeyUsageException", self.kms.encrypt, KeyId=key, Plaintext=b"x",
            EncryptionAlgorithm="SM2PKE",
        )


class Encryption(Sm2Case):
    def encrypt(self, key, plaintext):
        answer = self.kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionAlgorithm="SM2PKE")
        self.assertEqual(answer["EncryptionAlgorithm"], "SM2PKE")
        return answer["CiphertextBlob"]

    def decrypt(self, key, blob):
        answer = self.kms.decrypt(
            KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm="SM2PKE"
        )
        return answer["Plaintext"]

    def test_what_is_encrypted_here_or_there_is_decrypted_there_and_here(self):
        key, private = self.imported("ENCRYPT_DECRYPT")
        for plaintext in (b"\0" * 16, MESSAGE, bytes(range(256)) * 4):
            theirs = self.openssl.encrypt(self.public(key), plaintext)
            self.assertEqual(self.decrypt(key, theirs), plaintext)
            ours = self.encrypt(key, plaintext)
            self.assertEqual(self.openssl.decrypt(private, ours), plaintext)

    def test_more_than_a_kibibyte_and_what_was_changed_is_refused(self):
        key = self.sm2("ENCRYPT_DECRYPT")
        self.refuses("ValidationException", self.encrypt, key, bytes(1025))
        blob = bytearray(self.encrypt(key, MESSAGE))
        blob[-1] ^= 1
        self.refuses("InvalidCiphertextException", self.decrypt, key, bytes(blob))
        other = self.sm2("ENCRYPT_DECRYPT")
        self.refuses("InvalidCiphertextException", self.decrypt, other, self.encrypt(key, b"x"))

    def test_a_ciphertext_moves_to_a_symmetric_key(self):
        key, symmetric = self.sm2("ENCRYPT_DECRYPT"), self.key()
        moved = self.kms.re_encrypt(
            CiphertextBlob=self.encrypt(key, MESSAGE), SourceKeyId=key,
            SourceEncryptionAlgorithm="SM2PKE", DestinationKeyId=symmetric,
        )
        opened = self.kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])
        self.assertEqual(opened["Plaintext"], MESSAGE)


class Agreement(Sm2Case):
    def derive(self, key, public):
        return self.kms.derive_shared_secret(
            KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=public
        )["SharedSecret"]

    def test_the_secret_is_the_coordinate_of_the_product(self):
        key = self.sm2("KEY_AGREEMENT")
        scalar = int.from_bytes(os.urandom(31), "big")
        peer = HEAD + encoded(*times(scalar, G))
        shared = times(scalar, coordinates(self.public(key)))
        self.assertEqual(self.derive(key, peer), encoded(shared[0]))

    def test_what_is_no_point_of_the_curve_is_refused(self):
        key = self.sm2("KEY_AGREEMENT")
        x, y = G
        for peer in (HEAD + encoded(x, y ^ 1), HEAD + encoded(0, 0), encoded(x, y), b"x"):
            self.refuses("ValidationException", self.derive, key, peer)
        p256 = self.key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
        self.refuses("ValidationException", self.derive, key, self.public(p256))


class DataKeyPairs(Sm2Case):
    def test_openssl_uses_the_pair(self):
        key = self.key()
        made = self.kms.generate_data_key_pair(KeyId=key, KeyPairSpec="SM2")
        self.assertEqual(made["KeyPairSpec"], "SM2")
        private, public = made["PrivateKeyPlaintext"], made["PublicKey"]
        self.assertEqual(self.openssl.public_key(private), public)
        self.openssl.verify(public, MESSAGE, self.openssl.sign(private, MESSAGE))
        opened = self.kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])
        self.assertEqual(opened["Plaintext"], private)
        without = self.kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="SM2")
        self.assertNotIn("PrivateKeyPlaintext", without)

    def test_a_key_has_aws_s_algorithms(self):
        for usage, name, algorithms in (
            ("SIGN_VERIFY", "SigningAlgorithms", ["SM2DSA"]),
            ("ENCRYPT_DECRYPT", "EncryptionAlgorithms", ["SM2PKE"]),
            ("KEY_AGREEMENT", "KeyAgreementAlgorithms", ["ECDH"]),
        ):
            key = self.sm2(usage)
            metadata = self.kms.describe_key(KeyId=key)["KeyMetadata"]
            self.assertEqual(metadata["KeySpec"], "SM2")
            self.assertEqual(metadata["CustomerMasterKeySpec"], "SM2")
            self.assertEqual(metadata[name], algorithms)
            self.assertEqual(self.kms.get_public_key(KeyId=key)[name], algorithms)
        self.refused(
            "ValidationException", self.kms.create_key, KeySpec="SM2",
            KeyUsage="GENERATE_VERIFY_MAC",
            message="KeyUsage GENERATE_VERIFY_MAC is not compatible with KeySpec SM2",
        )


if __name__ == "__main__":
    unittest.main()
