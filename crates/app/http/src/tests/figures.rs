//! Analytics over searches that tests write.

use std::sync::Arc;

use altus4_analytics::{
    AnalyticsPorts, AnalyticsService, GeneratedWords,
    testkit::{InMemoryAnalytics, KnownConsent, KnownIndexes, NothingPending},
};
use altus4_kernel::{Clock, TextGenerator};

#[derive(Default)]
pub(super) struct Figures {
    /// What was searched for.
    pub(super) searches: Arc<InMemoryAnalytics>,
    pub(super) missing_indexes: KnownIndexes,
    /// Which databases' searches may be told outside.
    pub(super) consent: KnownConsent,
}

impl Figures {
    /// The service over these, in the words of this generator.
    pub(super) fn service(
        &self,
        generator: Option<&Arc<dyn TextGenerator>>,
        clock: &Arc<dyn Clock>,
    ) -> AnalyticsService {
        AnalyticsService::new(AnalyticsPorts {
            reader: self.searches.clone(),
            pending: Arc::new(NothingPending),
            advisor: Arc::new(self.missing_indexes.clone()),
            writer: generator.map(|generator| Arc::new(GeneratedWords::new(generator.clone())) as _),
            consent: Arc::new(self.consent.clone()),
            clock: Arc::clone(clock),
        })
    }
}
