//! OpenID Connect providers: the operations of IAM.

mod clients;
mod index;
mod providers;

pub use clients::{
    AddClientIDToOpenIDConnectProviderRequest, RemoveClientIDFromOpenIDConnectProviderRequest,
    UpdateOpenIDConnectProviderThumbprintRequest,
};
pub use providers::{
    CreateOpenIDConnectProviderRequest, DeleteOpenIDConnectProviderRequest,
    GetOpenIDConnectProviderRequest, ListOpenIDConnectProvidersRequest, ProviderArn, ProviderArns,
};

pub(super) use index::OidcProviders;
pub(super) use providers::{MOST_PROVIDERS, admitted, check_clients, check_thumbprints};
