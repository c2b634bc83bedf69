//! The bodies of answers: XML that is well formed whatever is written into it.

use super::{QueryCode, QueryService};

/// What has a form in an answer: the elements inside the one that the operation's result is.
pub trait ToXml {
    /// Whether the answer has a result at all; an operation that answers nothing has none.
    const HAS_RESULT: bool = true;

    /// Writes the elements.
    fn write(&self, xml: &mut Xml);
}

impl ToXml for () {
    const HAS_RESULT: bool = false;

    fn write(&self, _xml: &mut Xml) {}
}

/// XML under construction. Elements are closed as they were opened, their names are fixed, and
/// text is escaped: no value can become markup.
#[derive(Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// Adds an element, with what `inside` writes in it.
    pub fn element(&mut self, name: &'static str, inside: impl FnOnce(&mut Self)) {
        self.tagged(name, name, inside);
    }

    fn tagged(&mut self, open: &str, close: &str, inside: impl FnOnce(&mut Self)) {
        for part in ["<", open, ">"] {
            self.0.push_str(part);
        }
        inside(self);
        for part in ["</", close, ">"] {
            self.0.push_str(part);
        }
    }

    /// Adds an element with a text.
    pub fn text(&mut self, name: &'static str, text: &str) {
        self.element(name, |xml| xml.characters(text));
    }

    /// Adds an element with a text, if there is one.
    pub fn optional(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// Adds an element with `true` or `false`.
    pub fn flag(&mut self, name: &'static str, value: bool) {
        self.text(name, if value { "true" } else { "false" });
    }

    /// Adds an element with a number.
    pub fn number(&mut self, name: &'static str, value: impl Into<u64>) {
        self.text(name, &value.into().to_string());
    }

    /// Adds a list: an element with a `member` for each item.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for item in items {
                xml.element("member", |xml| write(xml, item));
            }
        });
    }

    /// Adds text. What XML 1.0 has no form for stands as U+FFFD.
    pub fn characters(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&apos;"),
                '\r' => self.0.push_str("&#13;"),
                '\t' | '\n' => self.0.push(character),
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                _ => self.0.push(character),
            }
        }
    }
}

/// The body of the answer to `action` (one that the service has) when it succeeded.
#[must_use]
pub fn success_body<R: ToXml>(
    service: QueryService,
    action: &'static str,
    request_id: &str,
    response: &R,
) -> Vec<u8> {
    let mut xml = Xml::default();
    let name = format!("{action}Response");
    let open = format!("{name} xmlns=\"{}\"", service.namespace());
    xml.tagged(&open, &name, |xml| {
        if R::HAS_RESULT {
            let result = format!("{action}Result");
            xml.tagged(&result, &result, |xml| response.write(xml));
        }
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", request_id));
    });
    xml.0.into_bytes()
}

/// The body of an answer that is an error.
#[must_use]
pub fn error_body(
    service: QueryService,
    code: QueryCode,
    message: &str,
    request_id: &str,
) -> Vec<u8> {
    let mut xml = Xml::default();
    let open = format!("ErrorResponse xmlns=\"{}\"", service.namespace());
    xml.tagged(&open, "ErrorResponse", |xml| {
        xml.element("Error", |xml| {
            let blamed = if code.is_fault() {
                "Receiver"
            } else {
                "Sender"
            };
            xml.text("Type", blamed);
            xml.text("Code", code.as_str());
            xml.text("Message", message);
        });
        xml.text("RequestId", request_id);
    });
    xml.0.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names(Vec<&'static str>);

    impl ToXml for Names {
        fn write(&self, xml: &mut Xml) {
            xml.list("Names", &self.0, |xml, name| xml.text("Name", name));
            xml.flag("IsTruncated", false);
        }
    }

    #[test]
    fn an_answer_has_the_shape_that_clients_of_aws_read() {
        let body = success_body(QueryService::Iam, "ListNames", "id", &Names(vec!["a"]));
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "<ListNamesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <ListNamesResult><Names><member><Name>a</Name></member></Names>\
             <IsTruncated>false</IsTruncated></ListNamesResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></ListNamesResponse>"
        );
        let body = success_body(QueryService::Iam, "DeleteName", "id", &());
        assert!(!String::from_utf8(body).unwrap().contains("Result"));
    }

    #[test]
    fn no_text_becomes_markup() {
        let text = "</Message><x a='1' b=\"2\">&\u{0}\u{1b}\r\n\u{ffff}";
        let body = error_body(QueryService::Sts, QueryCode::AccessDenied, text, "id");
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(
            "<Message>&lt;/Message&gt;&lt;x a=&apos;1&apos; b=&quot;2&quot;&gt;&amp;\
             \u{fffd}\u{fffd}&#13;\n\u{fffd}</Message>"
        ));
        assert!(body.contains("<Type>Sender</Type><Code>AccessDenied</Code>"));
    }
}
