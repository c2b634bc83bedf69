"""AWS's query protocol: forms in, XML out, for clients of IAM and STS at the same endpoint."""

import json
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.exceptions
from support import PATIENCE, Case, config, kms, user

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
FORM = "application/x-www-form-urlencoded; charset=utf-8"
IAM = "{https://iam.amazonaws.com/doc/2010-05-08/}"
STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def send(body, service="iam", region="us-east-1", signed=True, kind=FORM):
    """(status, headers, XML) of a form, given as text."""
    request = botocore.awsrequest.AWSRequest(
        "POST", ENDPOINT + "/", data=body.encode(), headers={"Content-Type": kind}
    )
    if signed:
        credentials = boto3.Session().get_credentials()
        botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    sent = urllib.request.Request(
        ENDPOINT + "/", data=body.encode(), headers=dict(request.headers), method="POST"
    )
    try:
        with urllib.request.urlopen(sent, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, xml.etree.ElementTree.fromstring(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, xml.etree.ElementTree.fromstring(refused.read())


def form(action, version="2010-05-08", **members):
    return urllib.parse.urlencode({"Action": action, "Version": version, **members})


class QueryProtocol(Case):
    def answers(self, answer, status, code, space=IAM):
        found, headers, body = answer
        self.assertEqual(body.tag, space + "ErrorResponse")
        self.assertEqual(body.findtext(f"{space}Error/{space}Code"), code)
        self.assertEqual(found, status)
        self.assertEqual(body.findtext(f"{space}Error/{space}Type"), "Sender")
        self.assertEqual(headers["Content-Type"], "text/xml")
        self.assertEqual(headers["x-amzn-RequestId"], body.findtext(f"{space}RequestId"))
        return body.findtext(f"{space}Error/{space}Message")

    def denied(self, code, call):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call()
        response = caught.exception.response
        self.assertEqual(response["Error"]["Code"], code)
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 403)
        return response["Error"]["Message"]

    def test_an_answer_is_xml_in_the_service_s_namespace(self):
        status, headers, body = send(form("ListUsers"))
        self.assertEqual(status, 200)
        self.assertEqual(body.tag, IAM + "ListUsersResponse")
        self.assertEqual(headers["Content-Type"], "text/xml")
        self.assertIsNotNone(body.find(f"{IAM}ListUsersResult/{IAM}Users"))
        identity = body.findtext(f"{IAM}ResponseMetadata/{IAM}RequestId")
        self.assertEqual(headers["x-amzn-RequestId"], identity)

    def test_a_signature_for_any_region_is_taken(self):
        for region in ["us-east-1", "eu-west-3", "af-south-1"]:
            self.assertEqual(send(form("ListUsers"), region=region)[0], 200)
        self.answers(send(form("ListUsers"), region="nowhere"), 403, "SignatureDoesNotMatch")

    def test_a_signature_for_another_service_is_refused(self):
        for service in ["kms", "sts", "s3"]:
            answer = send(form("ListUsers"), service=service)
            self.answers(answer, 403, "SignatureDoesNotMatch")

    def test_unsigned_requests_are_refused(self):
        self.answers(send(form("ListUsers"), signed=False), 403, "MissingAuthenticationToken")

    def test_wrong_secrets_and_unknown_keys_are_refused(self):
        identity = boto3.Session().get_credentials().access_key
        for key, code in [
            ((identity, "w" * 40), "SignatureDoesNotMatch"),
            (("AKIAAAAAAAAAAAAAAAAA", "w" * 40), "InvalidClientTokenId"),
        ]:
            session = boto3.Session(*key, region_name="us-east-1")
            iam = session.client("iam", config=config())
            self.denied(code, iam.list_users)

    def test_operations_that_there_are_not(self):
        for body, code in [
            (form("CreateLoginProfile", UserName="x"), "InvalidAction"),
            (form("listUsers"), "InvalidAction"),
            (form("ListUsers", version="2010-05-09"), "InvalidAction"),
            ("Action=ListUsers", "InvalidAction"),
            ("Version=2010-05-08", "MissingAction"),
        ]:
            self.answers(send(body), 400, code)
        unknown = send(form("AssumeRoot", version="2011-06-15"), service="sts")
        self.answers(unknown, 400, "InvalidAction", STS)

    def test_what_is_no_form_is_refused(self):
        for body in ["", "{}", form("ListUsers") + "&Action=ListUsers", "a=%zz", "a=%00"]:
            self.answers(send(body), 400, "MalformedQueryString")

    def test_members_that_the_operation_does_not_have_are_refused(self):
        message = self.answers(send(form("ListUsers", Colour="red")), 400, "ValidationError")
        self.assertIn("Colour", message)

    def test_text_of_the_caller_is_never_markup(self):
        message = self.answers(send(form("<x>&\"'</x>")), 400, "InvalidAction")
        self.assertIn("<x>&\"'</x>", message)

    def test_what_is_refused_at_the_door_is_recorded(self):
        for body, parameters, code, event in [
            (form("ListUsers"), {"signed": False}, "MissingAuthenticationToken", "ListUsers"),
            (form("Nothing"), {}, "InvalidAction", "UnknownOperation"),
            (form("ListUsers", Colour="red"), {}, "ValidationException", "ListUsers"),
        ]:
            _, headers, _ = send(body, **parameters)
            lines = kms("audit", "tail", "-n", "1", "--output", "json").splitlines()
            record = json.loads(lines[-1])
            self.assertEqual(record["requestID"], headers["x-amzn-RequestId"])
            self.assertEqual(record["eventSource"], "iam.amazonaws.com")
            self.assertEqual((record["errorCode"], record["eventName"]), (code, event))

    def test_who_names_a_target_speaks_json(self):
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(urllib.request.Request(
                ENDPOINT + "/", data=form("ListUsers").encode(), method="POST",
                headers={"Content-Type": FORM, "X-Amz-Target": "TrentService.ListKeys"},
            ))
        self.assertEqual(raised.exception.headers["Content-Type"], "application/x-amz-json-1.1")

    def test_who_may_nothing_is_denied(self):
        iam = boto3.Session(*user()[1], region_name="us-east-1").client("iam", config=config())
        error = self.denied("AccessDenied", iam.list_users)
        self.assertIn("is not authorized to perform: iam:ListUsers", error)


if __name__ == "__main__":
    unittest.main()
