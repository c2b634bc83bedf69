//! AWS's query protocol: requests are HTML forms, answers are XML. IAM and STS speak it.
//!
//! A request names its members in a form ([`Form`]), and says how it is read from one
//! ([`FromForm`]); an answer writes its members as XML ([`ToXml`]).

mod code;
mod form;
mod member;
mod xml;

pub use code::QueryCode;
pub use form::{Form, InvalidForm};
pub use member::{Member, on_the_wire};
pub use xml::{ToXml, Xml, error_body, success_body};

/// A request of a service that speaks the query protocol.
pub trait FromForm: Sized {
    /// Takes the members out of a form.
    ///
    /// # Errors
    /// [`InvalidForm`] for a member that is missing or has not the form that its type asks for.
    fn from_form(form: &mut Form) -> Result<Self, InvalidForm>;
}

/// A service that speaks the query protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryService {
    /// AWS Identity and Access Management.
    Iam,
    /// AWS Security Token Service.
    Sts,
}

impl QueryService {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Iam, Self::Sts];

    /// The version of its API, which a request names.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Iam => "2010-05-08",
            Self::Sts => "2011-06-15",
        }
    }

    /// The name that signatures are scoped to.
    #[must_use]
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }

    /// CloudTrail's `eventSource`.
    #[must_use]
    pub const fn event_source(self) -> &'static str {
        match self {
            Self::Iam => "iam.amazonaws.com",
            Self::Sts => "sts.amazonaws.com",
        }
    }

    /// The XML namespace of its answers.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }
}
