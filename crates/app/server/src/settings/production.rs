//! What production refuses: made-up secrets, plain defaults, and loopback targets.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::Path,
};

use altus4_connections::HostRule;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{
    Environment, Settings,
    fault::Fault,
    variable::{
        API_KEY_SECRETS, CONNECT_ALLOW, DATA_DIR, DATABASE_URL, ENCRYPTION_KEYS, JWT_SECRETS, Variable,
    },
};

/// What production refuses about these settings. A variable that is faulty anyway, and is among
/// `known`, is not blamed again.
pub(crate) fn refusals(settings: &Settings, environment: &Environment, known: &[Fault]) -> Vec<Fault> {
    let given = |variable: &Variable| {
        environment.has(variable.name) || variable.file_name().is_some_and(|name| environment.has(&name))
    };
    let mut faults = Vec::new();

    for variable in [JWT_SECRETS, ENCRYPTION_KEYS, API_KEY_SECRETS] {
        if !given(&variable) {
            let wrong = "is not set, and production makes up no secrets";
            faults.push(Fault::new(variable.name, wrong, variable.should));
        }
    }

    if !given(&DATABASE_URL) && !given(&DATA_DIR) {
        let wrong = format!("is not set, and neither is {}", DATA_DIR.name);
        faults.push(Fault::new(DATABASE_URL.name, wrong, DATABASE_URL.should));
    }
    // A relative path means another place when the program is started from elsewhere.
    if given(&DATA_DIR) && settings.data_dir.is_relative() {
        faults.push(Fault::new(DATA_DIR.name, "is a relative path", "an absolute path in production"));
    } else if given(&DATABASE_URL) && settings.store.file().is_some_and(Path::is_relative) {
        let should =
            "sqlite:// and an absolute path in production, such as sqlite:///var/lib/altus4/altus4.db";
        faults.push(Fault::new(DATABASE_URL.name, "is a relative path", should));
    }

    if settings.connect_allow.iter().any(reaches_this_machine) {
        let wrong = "covers loopback or link-local addresses, which connections may not dial in production";
        faults.push(Fault::new(CONNECT_ALLOW.name, wrong, CONNECT_ALLOW.should));
    }
    faults.retain(|fault| known.iter().all(|known| known.variable != fault.variable));
    faults
}

/// Whether a rule allows an address of this machine or of its link, where cloud metadata lives. A
/// rule without a network allows every address.
fn reaches_this_machine(rule: &HostRule) -> bool {
    let own: [IpNet; 4] = [
        Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).trunc().into(),
        Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16).into(),
        Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into(),
        Ipv6Net::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10).into(),
    ];
    rule.network().is_none_or(|network| own.iter().any(|own| own.contains(&network) || network.contains(own)))
}
