//! Requests of AWS JSON 1.1 and of the query protocol, signed by AWS's own signer: the oracle for our
//! verifier.

use std::fmt;
use std::path::Path;
use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;

/// An access key.
#[derive(Clone)]
pub struct Credentials {
    /// The access key id, `AKIA…`.
    pub id: String,
    /// The secret access key.
    pub secret: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads the first profile of a file in the format of AWS's shared credentials file.
    pub fn from_file(path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            let line = line.unwrap_or_else(|| panic!("no {name} in {}", path.display()));
            line.trim_start().trim_start_matches('=').trim().to_owned()
        };
        Self {
            id: value("aws_access_key_id"),
            secret: value("aws_secret_access_key"),
        }
    }

    /// Reads what `kms user access-key create --output json` prints: AWS's CreateAccessKey shape.
    pub fn from_json(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).expect("an access key in JSON");
        let key = json.get("AccessKey").unwrap_or(&json);
        let member = |name: &str| key[name].as_str().expect(name).to_owned();
        Self {
            id: member("AccessKeyId"),
            secret: member("SecretAccessKey"),
        }
    }
}

/// Makes signed requests for one caller.
#[derive(Debug, Clone)]
pub struct Signer {
    credentials: Credentials,
    session_token: Option<String>,
    region: String,
    host: String,
}

impl Signer {
    /// A signer for requests to `host` (`address:port`) in Region us-east-1.
    pub fn new(credentials: &Credentials, host: &str) -> Self {
        Self {
            credentials: credentials.clone(),
            session_token: None,
            region: "us-east-1".to_owned(),
            host: host.to_owned(),
        }
    }

    /// With temporary credentials, of which this is the session token.
    #[must_use]
    pub fn with_session_token(mut self, token: &str) -> Self {
        self.session_token = Some(token.to_owned());
        self
    }

    /// The same caller in another Region.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// A whole HTTP/1.1 request, signed now.
    #[expect(
        clippy::disallowed_methods,
        reason = "a client of the server has the system's clock"
    )]
    pub fn request(&self, operation: &str, body: &Value) -> Vec<u8> {
        self.request_at(operation, body, SystemTime::now())
    }

    /// A whole HTTP/1.1 request, signed as at `time`.
    pub fn request_at(&self, operation: &str, body: &Value, time: SystemTime) -> Vec<u8> {
        let body = body.to_string();
        let mut headers = Self::headers(&self.host, operation);
        headers.extend(self.signature("kms", &headers, body.as_bytes(), time));
        assemble(&headers, body.as_bytes())
    }

    /// A whole request of the query protocol to `iam` or `sts`, signed now.
    #[expect(
        clippy::disallowed_methods,
        reason = "a client of the server has the system's clock"
    )]
    pub fn query(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Vec<u8> {
        let body = form(service, action, parameters);
        let mut headers = Self::form_headers(&self.host);
        headers.extend(self.signature(service, &headers, body.as_bytes(), SystemTime::now()));
        assemble(&headers, body.as_bytes())
    }

    /// As [`Signer::query`], without a signature.
    pub fn unsigned_query(
        host: &str,
        service: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Vec<u8> {
        let body = form(service, action, parameters);
        assemble(&Self::form_headers(host), body.as_bytes())
    }

    fn form_headers(host: &str) -> Vec<(String, String)> {
        [
            ("host", host),
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The same request without a signature.
    pub fn unsigned(host: &str, operation: &str, body: &Value) -> Vec<u8> {
        assemble(&Self::headers(host, operation), body.to_string().as_bytes())
    }

    fn headers(host: &str, operation: &str) -> Vec<(String, String)> {
        [
            ("host", host.to_owned()),
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("TrentService.{operation}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn signature(
        &self,
        service: &str,
        headers: &[(String, String)],
        body: &[u8],
        time: SystemTime,
    ) -> Vec<(String, String)> {
        let identity = aws_credential_types::Credentials::new(
            &self.credentials.id,
            &self.credentials.secret,
            self.session_token.clone(),
            None,
            "tests",
        )
        .into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .expect("complete parameters")
            .into();
        let url = format!("http://{}/", self.host);
        let signable = SignableRequest::new(
            "POST",
            &url,
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(body),
        )
        .expect("a signable request");
        let (instructions, _) = sign(signable, &parameters)
            .expect("a signature")
            .into_parts();
        instructions
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// The body of a request of the query protocol.
fn form(service: &str, action: &str, parameters: &[(&str, &str)]) -> String {
    let version = match service {
        "iam" => "2010-05-08",
        "sts" => "2011-06-15",
        other => panic!("{other} has no query protocol"),
    };
    let encode = |text: &str| {
        text.bytes()
            .map(|b| format!("%{b:02X}"))
            .collect::<String>()
    };
    let mut body = format!("Action={action}&Version={version}");
    for (name, value) in parameters {
        body.push_str(&format!("&{name}={}", encode(value)));
    }
    body
}

fn assemble(headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut request = b"POST / HTTP/1.1\r\n".to_vec();
    for (name, value) in headers {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}
