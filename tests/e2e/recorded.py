"""Requests whose answers somebody recorded from AWS itself, sent to this server.

The recording is not part of this repository: `KMS_TEST_DATA` names a directory that has it as
`recorded/kms.json` or `aws/recorded/kms.json`. In it names that AWS chose are placeholders, such as
`<key-id:1>`. Where the answers differ, `recorded-differences.txt` says why; a line there that no
longer describes a difference fails too."""

import base64
import collections
import datetime
import fnmatch
import json
import os
import pathlib
import re
import unittest

import botocore.exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support import ABSENT, ACCOUNT, REGION, Case, client
from wrapping import wrap

OTHER_REGION = "ap-southeast-1"
RECORDED_ACCOUNT = "111111111111"
ABSENT_OF_SEVERAL_REGIONS = "mrk-00000000000040008000000000000000"
# What a case names besides the keys that it makes; a marker, in the last.
NAMED = {
    "test_get_key_does_not_exist": [ABSENT, ABSENT_OF_SEVERAL_REGIONS],
    "test_rotate_key_on_demand_raises_error_given_key_that_does_not_exist": [ABSENT],
    "test_hmac_create_key": [ABSENT],
}
CURVES = {
    "ECC_NIST_P256": ec.SECP256R1, "ECC_NIST_P384": ec.SECP384R1, "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
KEY_ID = r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
KEY_ARN = rf"arn:aws:kms:[a-z0-9-]+:{ACCOUNT}:key/{KEY_ID}"
FORMS = {
    "key-id": rf"(?:{KEY_ID}|{KEY_ARN})", "resource": KEY_ID, "key-arn": KEY_ARN,
    "mrk-key-arn": KEY_ARN, "key-material-id": "[0-9a-f]{64}",
    "current-key-material-id": "[0-9a-f]{64}",
}
FIXED = {"<partition>": "aws", "<region>": REGION, "<secondary-region>": OTHER_REGION}


def recording():
    directory = os.environ.get("KMS_TEST_DATA")
    for name in ("recorded/kms.json", "aws/recorded/kms.json"):
        path = pathlib.Path(directory or "/nonexistent", name)
        if path.is_file():
            return json.loads(path.read_text())["cases"]
    return None


class Difference(collections.namedtuple("Difference", "case step path found")):
    def __str__(self):
        return f"{self.case} | {self.step} | {self.path}: {self.found}"


class Listed:
    """The lines `CASE | STEP | PATH | REASON`, each with patterns in its first three fields."""

    def __init__(self):
        path = pathlib.Path(__file__).with_name("recorded-differences.txt")
        lines = path.read_text().splitlines()
        rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
        for row in rows:
            assert len(row) == 4 and len(row[3]) > 8, f"no difference with a reason: {row}"
        self.seen = {tuple(row): False for row in rows}

    def explains(self, difference):
        explained = False
        for row in self.seen:
            if all(map(fnmatch.fnmatchcase, difference[:3], row)):
                self.seen[row] = explained = True
        return explained


class Playback:
    """One case: its requests, with what this server answered put where AWS's answers stood."""

    def __init__(self, case, clients):
        self.name = case["case"].partition("[")[0]
        self.case, self.clients = case, clients
        self.keys = list(NAMED.get(self.name, []))
        self.specs, self.wrapping, self.bound = {}, None, {}
        self.answers = collections.defaultdict(list)

    def differences(self):
        for number, step in enumerate(self.case["steps"], 1):
            if step.get("svc", "kms") != "kms":
                continue
            answer = self.answer(step)
            recorded = step.get("aws", [])
            for part in recorded:
                value = answer if "Error" in answer else self.part(answer, part["of"])
                for path, found in self.compare(part["value"], value, "$"):
                    yield Difference(self.name, part["key"], path, found)
            if not recorded and "Error" in answer:
                yield Difference(self.name, f"{number} {step['op']}", "$", answer["Error"])

    def answer(self, step):
        kms = self.clients[step.get("region", REGION)]
        operation = step["op"]
        request = self.request(step)
        call = getattr(kms, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        try:
            answer = call(**request)
        except botocore.exceptions.ClientError as refused:
            return refused.response
        self.answers[operation].append(answer)
        if operation == "CreateKey":
            made = answer["KeyMetadata"]
            self.specs[made["KeyId"]] = made["KeySpec"]
            self.keys.append(made["KeyId"])
        return answer

    def request(self, step):
        request = {name: self.given(value) for name, value in step["in"].items()}
        # Pages of a listing, of which nothing is recorded.
        request.pop("Marker", None)
        answers = {name: given[-1] for name, given in self.answers.items() if given}
        if step["op"] == "Verify":
            asked = [part["key"] for part in step.get("aws", [])]
            of = 0 if asked == ["bad-signature"] else -1
            request["Signature"] = self.answers["Sign"][of]["Signature"]
        if step["op"] == "VerifyMac":
            request["Mac"] = answers["GenerateMac"]["Mac"]
        if step["op"] == "Decrypt":
            request["CiphertextBlob"] = self.ciphertext(answers, step)
        if step["op"] == "DeriveSharedSecret" and len(request["PublicKey"]) > 30:
            request["PublicKey"] = answers["GetPublicKey"]["PublicKey"]
        if step["op"] == "ImportKeyMaterial":
            parameters = answers["GetParametersForImport"]
            request["ImportToken"] = parameters["ImportToken"]
            material = self.material(self.specs[request["KeyId"]])
            request["EncryptedKeyMaterial"] = wrap(parameters, self.wrapping, material)
        if step["op"] == "GetParametersForImport":
            self.wrapping = request["WrappingAlgorithm"]
        return request

    def ciphertext(self, answers, step):
        made = answers.get("Encrypt") or answers.get("GenerateDataKeyWithoutPlaintext")
        made = made or answers["GenerateDataKeyPairWithoutPlaintext"]
        blob = made.get("CiphertextBlob") or made["PrivateKeyCiphertextBlob"]
        bad = [part["key"] for part in step.get("aws", [])] == ["bad-ciphertext"]
        return blob + b"bad_data" if bad else blob

    def material(self, spec):
        if spec not in CURVES:
            return os.urandom(32)
        return ec.generate_private_key(CURVES[spec]()).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def given(self, value):
        """A value of a recorded request, with this server's names in it."""
        if isinstance(value, dict) and "$b64" in value:
            if "$b64_len" in value:
                return b"x" * (value["$b64_len"] // 4 * 3)
            return base64.b64decode(value["$b64"])
        if isinstance(value, dict):
            return {name: self.given(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.given(inner) for inner in value]
        if not isinstance(value, str):
            return value
        value = value.replace("<region>", REGION).replace(RECORDED_ACCOUNT, ACCOUNT)
        return re.sub(r"<id:(\d+)>", self.named, value)

    def named(self, placeholder):
        number = int(placeholder[1]) - 1
        return self.keys[number] if number < len(self.keys) else ABSENT

    @staticmethod
    def part(answer, path):
        if path == "derived":
            return len(answer["Plaintext"])
        for name in path.split(".")[1:]:
            answer = answer.get(name, answer)
        return answer

    def compare(self, recorded, found, path):
        """The paths at which the answers differ, with what was found there."""
        if isinstance(recorded, dict):
            if isinstance(found, str):
                found = json.loads(found)
            if not isinstance(found, dict):
                yield path, found
                return
            if "Error" in found and "Error" not in recorded:
                yield f"{path}.Error", found["Error"]
                return
            for name in sorted(recorded.keys() | found.keys()):
                inner = f"{path}.{name}"
                if name == "ResponseMetadata" and name in recorded and name in found:
                    status = [answer[name]["HTTPStatusCode"] for answer in (recorded, found)]
                    if status[0] != status[1]:
                        yield inner, status[1]
                elif name not in found:
                    yield inner, "absent"
                elif name not in recorded:
                    yield inner, f"not recorded: {found[name]!r}"
                else:
                    yield from self.compare(recorded[name], found[name], inner)
        elif isinstance(recorded, list):
            if not isinstance(found, list) or len(recorded) != len(found):
                yield path, found
                return
            for index, (one, other) in enumerate(zip(recorded, found)):
                yield from self.compare(one, other, f"{path}[{index}]")
        elif not self.same(recorded, found):
            yield path, found

    def same(self, recorded, found):
        if isinstance(found, bytes):
            return isinstance(recorded, str) and len(found) > 0
        if isinstance(found, datetime.datetime):
            return recorded == "datetime"
        if not isinstance(recorded, str) or not isinstance(found, str):
            return recorded == found
        names, pattern = [], ""
        for text in re.split(r"(<[a-z-]+(?::\d+)?>)", recorded.replace(RECORDED_ACCOUNT, ACCOUNT)):
            form = FORMS.get(text.strip("<>").partition(":")[0], ".+")
            if not text.startswith("<"):
                pattern += re.escape(text)
            elif text in FIXED:
                pattern += FIXED[text]
            else:
                names.append(text)
                pattern += f"({form})"
        match = re.fullmatch(pattern, found, re.DOTALL)
        return match is not None and all(map(self.binds, names, match.groups()))

    def binds(self, name, text):
        """A numbered placeholder stands for one name through a case, and no other does for it."""
        if ":" not in name:
            return True
        kind = name.partition(":")[0]
        known = self.bound.setdefault(name, text)
        others = [at for at, other in self.bound.items() if at.startswith(kind) and other == text]
        return known == text and others == [name]


class Recorded(Case):
    def test_the_answers_are_those_recorded_from_aws(self):
        cases = recording()
        if cases is None:
            print("skipped: recorded/kms.json is not in KMS_TEST_DATA")
            return
        clients = {region: client(region=region) for region in (REGION, OTHER_REGION)}
        listed = Listed()
        unexplained = []
        for case in cases:
            with self.subTest(case["case"]):
                found = Playback(case, clients).differences()
                unexplained += [str(one) for one in found if not listed.explains(one)]
        self.assertEqual(unexplained, [], "\n" + "\n".join(unexplained))
        unseen = [" | ".join(row) for row, seen in listed.seen.items() if not seen]
        self.assertEqual(unseen, [], "these differences no longer occur")
        self.assertGreater(len(cases), 60)


if __name__ == "__main__":
    unittest.main()
