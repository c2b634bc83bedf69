"""Who is let in: signatures by header and by presigned URL, and what is answered to everybody
else."""

import datetime
import hashlib
import json
import os
import unittest
import unittest.mock
import urllib.error
import urllib.request

import boto3
import botocore
import botocore.auth
import botocore.awsrequest
from support import PATIENCE, REGION, Case, client, config, user

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


class Presigner(botocore.auth.SigV4QueryAuth):
    """Signs by query string over the body too, as a presigned POST of AWS JSON needs."""

    def __init__(self, credentials, body, expires):
        super().__init__(credentials, "kms", REGION, expires=expires)
        self.body = body

    def payload(self, request):
        return hashlib.sha256(self.body).hexdigest()


def presigned(operation, body, expires=PATIENCE, credentials=None):
    """An urllib request whose signature stands in the URL."""
    credentials = credentials or boto3.Session().get_credentials()
    headers = {
        "X-Amz-Target": f"TrentService.{operation}", "Content-Type": "application/x-amz-json-1.1"
    }
    request = botocore.awsrequest.AWSRequest("POST", ENDPOINT + "/", headers=headers)
    Presigner(credentials, body, expires).add_auth(request)
    return urllib.request.Request(request.url, data=body, headers=headers, method="POST")


def send(request):
    """(status, parsed body)."""
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def code(body):
    return body["__type"].rsplit("#")[-1]


class Authentication(Case):
    def test_a_wrong_secret_is_refused(self):
        identity = boto3.Session().get_credentials().access_key
        stranger = client((identity, "w" * 40))
        self.refused(
            "InvalidSignatureException", stranger.list_keys,
            contains="The request signature we calculated does not match the signature you "
            "provided.",
        )

    def test_an_unknown_access_key_is_refused(self):
        stranger = client(("AKIAIOSFODNN7EXAMPLE", "w" * 40))
        self.refused(
            "UnrecognizedClientException", stranger.list_keys,
            message="The security token included in the request is invalid.",
        )

    def test_an_unsigned_request_is_refused(self):
        unsigned = config().merge(botocore.config.Config(signature_version=botocore.UNSIGNED))
        nobody = boto3.client("kms", config=unsigned)
        self.refused("MissingAuthenticationTokenException", nobody.list_keys)

    def test_a_session_token_that_is_none_is_refused(self):
        credentials = boto3.Session().get_credentials()
        session = boto3.Session(credentials.access_key, credentials.secret_key, "made-up")
        stranger = session.client("kms", config=config())
        self.refused("UnrecognizedClientException", stranger.list_keys)

    def test_a_signature_for_another_service_is_refused(self):
        made = client()
        made.meta.events.register(
            "choose-signer.kms", lambda **_: None
        )
        made._request_signer._signing_name = "s3"
        self.refused("InvalidSignatureException", made.list_keys)

    def test_a_stale_or_early_signature_is_refused(self):
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        for shift in (datetime.timedelta(minutes=-6), datetime.timedelta(minutes=60)):
            with unittest.mock.patch(
                "botocore.auth.get_current_datetime", lambda *_, **__: now + shift
            ):
                text = self.refused("InvalidSignatureException", client().list_keys)
            self.assertTrue(text.startswith("Signature "), text)

    def test_a_changed_body_or_target_is_refused(self):
        def change(request, **_):
            del request.headers["X-Amz-Target"]
            request.headers["X-Amz-Target"] = "TrentService.ListAliases"

        made = client()
        made.meta.events.register("before-send.kms", change)
        self.refused("InvalidSignatureException", made.list_keys)

        def swap(request, **_):
            request.body = b'{"Limit": 9}'
            del request.headers["Content-Length"]
            request.headers["Content-Length"] = str(len(request.body))

        made = client()
        made.meta.events.register("before-send.kms", swap)
        self.refused("InvalidSignatureException", made.list_keys)

    def test_a_deleted_access_key_opens_nothing(self):
        _, access_key = user()
        self.refused("AccessDeniedException", client(access_key).list_keys)

    def test_a_presigned_url_works_for_what_was_signed(self):
        status, body = send(presigned("GenerateRandom", b'{"NumberOfBytes": 16}'))
        self.assertEqual(status, 200, body)
        self.assertIn("Plaintext", body)
        request = presigned("GenerateRandom", b'{"NumberOfBytes": 16}')
        request.data = b'{"NumberOfBytes": 17}'
        status, body = send(request)
        self.assertEqual((status, code(body)), (400, "InvalidSignatureException"))

    def test_a_presigned_url_ends_when_it_says(self):
        past = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        past -= datetime.timedelta(seconds=90)
        with unittest.mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: past):
            request = presigned("ListKeys", b"{}", expires=60)
        status, body = send(request)
        self.assertEqual(status, 400)
        self.assertIn(code(body), ("InvalidSignatureException", "ExpiredTokenException"))

    def test_two_signatures_are_one_too_many(self):
        request = presigned("ListKeys", b"{}")
        request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=a/b, Signature=c")
        status, body = send(request)
        self.assertEqual(status, 400)
        self.assertNotIn("Keys", body)

    def test_an_operation_that_is_none_is_refused(self):
        status, body = send(presigned("ListSecrets", b"{}"))
        self.assertEqual((status, code(body)), (400, "UnknownOperationException"))

    def test_a_body_that_is_no_json_is_refused(self):
        for body in (b"{", b"[]", b'{"NumberOfBytes": "many"}', b'{"NumberOfBytes": 1e99}', b"\xff"):
            status, answer = send(presigned("GenerateRandom", body))
            self.assertEqual(status, 400, body)
            self.assertIn(code(answer), ("SerializationException", "ValidationException"))
            # What a caller sent in confidence does not come back in an error.
            self.assertNotIn("many", json.dumps(answer))


if __name__ == "__main__":
    unittest.main()
