//! `UpdatePrimaryRegion`

use super::change::Edit;
use super::context::CallContext;
use super::multi_region::not_primary;
use super::operation::{
    Authorization, Event, Loaded, Lookup, Lookups, On, Operation, Performed, Step,
};
use super::parameters::Parameters;
use super::request::{present, validated};
use super::resolve::own_key_ref;
use super::values::Specific;
use crate::Error;
use crate::api::{
    self, MultiRegionKeyType, UpdatePrimaryRegionRequest, UpdatePrimaryRegionResponse,
};
use crate::ids::{KeyArn, KeyRef, Region};

/// A checked `UpdatePrimaryRegionRequest`.
#[derive(Debug)]
pub struct UpdatePrimaryRegion {
    primary: KeyRef,
    region: Region,
}

impl Operation for UpdatePrimaryRegionRequest {
    type Parsed = UpdatePrimaryRegion;
    type Response = UpdatePrimaryRegionResponse;
    const EVENT: Event = Event::kms(api::Operation::UpdatePrimaryRegion);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("keyId", self.key_id.as_ref())
            .optional("primaryRegion", self.primary_region.as_ref());
    }

    fn parse(self) -> Result<UpdatePrimaryRegion, Error> {
        validated(&self)?;
        let region = present(self.primary_region)?;
        Ok(UpdatePrimaryRegion {
            primary: own_key_ref(&present(self.key_id)?)?,
            region: region.parse().map_err(Error::internal)?,
        })
    }

    fn lookups(parsed: &UpdatePrimaryRegion) -> Lookups {
        Lookups {
            secondary: Some(Lookup::Related(parsed.region.clone())),
            ..Lookups::named(&parsed.primary)
        }
    }

    /// On both keys. Where there is no second one, the operation is refused when it is performed.
    fn authorizations<'a>(
        parsed: &'a UpdatePrimaryRegion,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let action = "kms:UpdatePrimaryRegion";
        let specific = Specific {
            primary_region: Some(&parsed.region),
            ..Specific::default()
        };
        let primary = Authorization::new(action, On::Key(loaded.primary()?));
        let mut needed = vec![primary.with(specific.clone())];
        if let Some(replica) = &loaded.secondary {
            needed.push(Authorization::new(action, On::Key(replica)).with(Specific {
                region: Some(&parsed.region),
                ..specific
            }));
        }
        Ok(needed)
    }

    fn perform(
        parsed: UpdatePrimaryRegion,
        step: &Step<'_>,
    ) -> Result<Performed<UpdatePrimaryRegionResponse>, Error> {
        let mut primary = step.loaded.primary()?.key.key.clone();
        if !primary.is_primary() {
            return Err(not_primary(&primary.arn));
        }
        if primary.arn.region == parsed.region {
            return Err(Error::UnsupportedOperation(format!(
                "{} is the primary key already.",
                primary.arn
            )));
        }
        let Some(replica) = &step.loaded.secondary else {
            let arn = KeyArn {
                region: parsed.region,
                ..primary.arn
            };
            return Err(Error::NotFound(format!("Key '{arn}' does not exist")));
        };
        step.engine.check_served(&parsed.region)?;
        let mut replica = replica.key.key.clone();
        primary.multi_region = Some(MultiRegionKeyType::Replica);
        replica.multi_region = Some(MultiRegionKeyType::Primary);
        let edits = [primary, replica].map(|key| Edit::PutKey(Box::new(key)));
        let response = UpdatePrimaryRegionResponse {};
        Ok(Performed::changed(response, edits.into()))
    }
}
