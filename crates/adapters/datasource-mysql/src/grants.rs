//! What `SHOW GRANTS` says that a user may do.

/// Rights that change nothing.
const READING: [&str; 8] = [
    "SELECT",
    "SHOW VIEW",
    "EXECUTE",
    "USAGE",
    "SHOW DATABASES",
    "PROCESS",
    "SHOW CREATE ROUTINE",
    "SHOW_ROUTINE",
];
/// Rights that a user whom a service knows the password of should not have, where they are given
/// for everything.
const FAR_REACHING: [&str; 4] = ["ALL PRIVILEGES", "ALL", "SUPER", "FILE"];

/// What a user may do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Only read.
    pub(crate) read_only: bool,
    /// The far-reaching rights among them.
    pub(crate) far_reaching: Vec<&'static str>,
}

/// What these grants allow. Whoever has a role that isn't spelt out may do anything, for all that
/// is known.
pub(crate) fn rights<'a>(grants: impl IntoIterator<Item = &'a str>) -> Rights {
    let mut rights = Rights::default();
    let mut is_told = false;
    let mut only_reads = true;
    for grant in grants.into_iter().filter_map(|line| line.strip_prefix("GRANT ")) {
        is_told = true;
        let Some(on) = find_outside(grant, " ON ") else {
            only_reads = false;
            continue;
        };
        let (names, object) = (&grant[..on], &grant[on + " ON ".len()..]);
        for name in names_in(names) {
            only_reads &= READING.contains(&name.as_str());
            let far_reaching =
                FAR_REACHING.into_iter().find(|right| object.starts_with("*.* ") && *right == name);
            rights.far_reaching.extend(far_reaching.filter(|right| !rights.far_reaching.contains(right)));
        }
    }
    rights.read_only = is_told && only_reads;
    rights
}

/// `SELECT (a, b), INSERT` is `SELECT` and `INSERT`.
fn names_in(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = list;
    loop {
        let end = find_outside(rest, ",");
        let item = &rest[..end.unwrap_or(rest.len())];
        let name = item.split('(').next().unwrap_or_default();
        names.push(name.trim().to_ascii_uppercase());
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return names,
        }
    }
}

/// Where `needle`, which is ASCII, stands outside of quotes and brackets.
fn find_outside(text: &str, needle: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_u32;
    for (at, byte) in text.bytes().enumerate() {
        match quote {
            Some(open) => quote = Some(open).filter(|open| *open != byte),
            None if depth == 0 && text.as_bytes()[at..].starts_with(needle.as_bytes()) => return Some(at),
            None => match byte {
                b'`' | b'\'' | b'"' => quote = Some(byte),
                b'(' => depth += 1,
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read_only(grants: &[&str]) -> bool {
        rights(grants.iter().copied()).read_only
    }

    #[test]
    fn who_can_only_select_only_reads() {
        assert!(is_read_only(&[
            "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB'",
            "GRANT SELECT, SHOW VIEW ON `shop`.* TO `u`@`%`",
            "GRANT SELECT (`a`, ` ON `), EXECUTE ON `x`.`y` TO `u`@`%`",
        ]));
    }

    #[test]
    fn one_right_to_write_is_enough() {
        assert!(!is_read_only(&[
            "GRANT SELECT ON *.* TO `u`@`%`",
            "GRANT SELECT, INSERT ON `a`.* TO `u`@`%`"
        ]));
        assert!(!is_read_only(&["GRANT SELECT (`a`), UPDATE (`b`) ON `a`.`t` TO `u`@`%`"]));
        assert!(!is_read_only(&["GRANT PROXY ON ''@'%' TO 'u'@'%'"]));
    }

    #[test]
    fn a_role_that_is_not_spelt_out_may_do_anything() {
        assert!(!is_read_only(&["GRANT USAGE ON *.* TO `u`@`%`", "GRANT `reader ON x`@`%` TO `u`@`%`"]));
        assert!(!is_read_only(&[]));
    }

    #[test]
    fn far_reaching_rights_are_named_once() {
        let root = rights([
            "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION",
            "GRANT SELECT, SUPER, FILE ON *.* TO `root`@`%`",
            "GRANT FILE ON *.* TO `root`@`%`",
            "GRANT ALL PRIVILEGES ON `shop`.* TO `root`@`%`",
        ]);
        assert_eq!(root, Rights { read_only: false, far_reaching: vec!["ALL PRIVILEGES", "SUPER", "FILE"] });
        assert_eq!(rights(["GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`"]).far_reaching, Vec::<&str>::new());
    }

    #[test]
    fn no_text_is_too_odd() {
        for line in ["GRANT ", "GRANT ON ON ON", "GRANT `", "GRANT ((((, ON x", "GRANT é ON *.* TO ü", ""] {
            let _ = rights([line]);
        }
    }
}
