//! The decision: who asks, what the deed needs, and the facts. Exhaustive, so that a new need does not compile
//! until it is decided here.
//!
//! What the caller may not see answers exactly as what is not there (404), so that ids cannot be probed; what the
//! caller may see and may not do answers 403.

use super::deed::{ByKey, Need};
use super::facts::{ChannelFact, ChannelKind, FactSource, MemberRole, Sanction};
use super::keys::{self, Scoped};
use super::permission::{Permission, Permissions};
use super::principal::Who;
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::id::{ChannelId, RoleId, UserId};

/// What the decision found out and the deed may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grant {
    /// Whether patient details may be shown to the caller in the channel of the deed.
    pub phi: bool,
    /// The caller's standing in the channel of the deed.
    pub standing: Option<MemberRole>,
    /// Seconds that the caller has to let pass between two posts there; 0 is no limit.
    pub slow: u32,
}

/// The decision, for people and for API keys.
pub(super) fn judge(who: &Who, need: Need, by_key: ByKey, facts: &mut dyn FactSource, now: Timestamp) -> Result<Grant> {
    keys::keep_out(who, by_key, need)?;
    decide(who, need, facts, now)
}

fn decide(who: &Who, need: Need, facts: &mut dyn FactSource, now: Timestamp) -> Result<Grant> {
    let user = match who {
        Who::System => return Ok(Grant::default()),
        Who::Visitor => return if need == Need::Open { Ok(Grant::default()) } else { Err(nobody()) },
        Who::Person(session) => session.user,
    };
    match who.scope() {
        None => decide_for(user, need, facts, now),
        Some(scope) => decide_for(user, need, &mut Scoped { facts, user, scope: &scope }, now),
    }
}

/// What `user` may, whichever sign-in it is asked under.
pub(super) fn decide_for(user: UserId, need: Need, facts: &mut dyn FactSource, now: Timestamp) -> Result<Grant> {
    let Some(fact) = facts.user(user)?.filter(|fact| fact.active) else { return Err(nobody()) };
    if fact.must_change_password && !matches!(need, Need::Open | Need::OwnAccount) {
        return Err(Error::refused("password_change_required", "Choose a new password first."));
    }
    if fact.must_enrol && !matches!(need, Need::Open | Need::OwnAccount) {
        return Err(Error::refused(
            "second_factor_setup_required",
            "Set up a second factor first: your role needs one.",
        ));
    }
    match need {
        Need::Open | Need::OwnAccount | Need::SignedIn => Ok(Grant::default()),
        Need::System => Err(not_allowed()),
        Need::Holds(permission) => permitted(facts, user, permission).map(|()| Grant::default()),
        Need::OneselfOr(other, permission) => {
            if user == other || facts.allows(user, permission)? {
                Ok(Grant::default())
            } else {
                Err(not_allowed())
            }
        }
        Need::Grants(permission, role) => {
            permitted(facts, user, permission)?;
            gives(facts, user, role)
        }
        Need::Lends(other, lent) => {
            permitted(facts, user, Permission::SystemIntegrate)?;
            if user != other {
                manages(facts, user, other)?;
            }
            if facts.permissions(user)?.covers(lent) {
                Ok(Grant::default())
            } else {
                Err(Error::refused("scope_above_own", "You cannot give a key more than you may yourself."))
            }
        }
        Need::Reshapes(role, after) => reshapes(facts, user, role, after),
        Need::OneselfOrManages(other) if user == other => Ok(Grant::default()),
        Need::Manages(other) | Need::OneselfOrManages(other) => manages(facts, user, other),
        Need::Appoints(other, role) => {
            manages(facts, user, other)?;
            gives(facts, user, role)
        }
        Need::Inside(channel, permission) => {
            let (_, standing) = inside(facts, user, channel)?;
            permitted(facts, user, permission)?;
            granted(facts, user, standing)
        }
        Need::Reviews(channel, permission) => reviews(facts, user, channel, permission),
        Need::Writes(channel, permission) => writes(facts, user, channel, permission, now),
        Need::Authors(channel, sender) => {
            // Whoever may not see the channel learns nothing of who wrote there.
            inside(facts, user, channel)?;
            if user != sender {
                return Err(Error::refused("not_the_sender", "Only its sender can do this to a message."));
            }
            writes(facts, user, channel, Permission::MessagesSend, now)
        }
        Need::Oversees(channel, sender, permission) => {
            let grant = sees(facts, user, channel)?;
            if grant.standing >= Some(MemberRole::Moderator)
                || (grant.standing.is_some() && user == sender)
                || facts.allows(user, permission)?
            {
                return Ok(grant);
            }
            inside(facts, user, channel)?;
            Err(Error::refused(
                "not_the_sender",
                "Only its sender and the channel's moderators can do this to a message.",
            ))
        }
        Need::Sees(channel) => sees(facts, user, channel),
        Need::Joins(channel) => {
            let fact = facts.channel(channel)?.ok_or_else(|| Error::missing("channel"))?;
            match fact.members.get(&user) {
                Some(standing) => granted(facts, user, *standing),
                None if fact.private => Err(Error::missing("channel")),
                None if fact.is_under(Sanction::Ban, user, now) => Err(banned()),
                None if fact.archived => {
                    Err(Error::refused("channel_archived", "This channel is archived: nobody can join it."))
                }
                None => {
                    permitted(facts, user, Permission::ChannelsJoin)?;
                    Ok(Grant { phi: facts.allows(user, Permission::PhiRead)?, ..Grant::default() })
                }
            }
        }
        Need::Runs(channel) => runs(facts, user, channel),
        Need::RunsOrWrites(channel, permission) => match runs(facts, user, channel) {
            Err(error) if error.kind() == Kind::Refused => writes(facts, user, channel, permission, now),
            decided => decided,
        },
        Need::Owns(channel) => owns(facts, user, channel),
        Need::Mutes(channel, member) => mutes(facts, user, channel, member),
        Need::RunsMember(channel, member) if user == member => sees(facts, user, channel),
        Need::RunsMember(channel, member) | Need::RunsOther(channel, member) => {
            let grant = runs(facts, user, channel)?;
            beneath(facts, user, channel, member, grant)
        }
    }
}

fn inside(
    facts: &mut dyn FactSource,
    user: UserId,
    channel: ChannelId,
) -> Result<(std::sync::Arc<ChannelFact>, MemberRole)> {
    let fact = facts.channel(channel)?.ok_or_else(|| Error::missing("channel"))?;
    match fact.members.get(&user).copied() {
        Some(standing) => Ok((fact, standing)),
        None if fact.private => Err(Error::missing("channel")),
        None => Err(Error::refused("not_a_member", "You are not a member of this channel: join it first.")),
    }
}

fn reviews(facts: &mut dyn FactSource, user: UserId, channel: ChannelId, permission: Permission) -> Result<Grant> {
    let fact = facts.channel(channel)?.ok_or_else(|| Error::missing("channel"))?;
    match fact.members.get(&user) {
        Some(standing) => {
            permitted(facts, user, permission)?;
            granted(facts, user, *standing)
        }
        None if facts.allows(user, Permission::MessagesMonitor)? => {
            permitted(facts, user, permission).map(|()| Grant::default())
        }
        None => Err(Error::missing("channel")),
    }
}

fn writes(
    facts: &mut dyn FactSource,
    user: UserId,
    channel: ChannelId,
    permission: Permission,
    now: Timestamp,
) -> Result<Grant> {
    let (fact, standing) = inside(facts, user, channel)?;
    permitted(facts, user, permission)?;
    if fact.archived {
        return Err(Error::refused("channel_archived", "This channel is archived: nothing can be posted."));
    }
    if standing == MemberRole::Readonly {
        return Err(Error::refused("read_only", "You can read in this channel, not write."));
    }
    if fact.is_under(Sanction::Mute, user, now) {
        return Err(Error::refused("muted", "You are muted in this channel: you can read, not write."));
    }
    let slow = if standing < MemberRole::Moderator { fact.slow } else { 0 };
    Ok(Grant { slow, ..granted(facts, user, standing)? })
}

fn sees(facts: &mut dyn FactSource, user: UserId, channel: ChannelId) -> Result<Grant> {
    let fact = facts.channel(channel)?.ok_or_else(|| Error::missing("channel"))?;
    match fact.members.get(&user) {
        Some(standing) => granted(facts, user, *standing),
        None if !fact.private => Ok(Grant::default()),
        // A conversation is shown to nobody outside; that it exists is in the audit log.
        None if fact.kind == ChannelKind::Channel && facts.allows(user, Permission::ChannelsList)? => {
            Ok(Grant::default())
        }
        None => Err(Error::missing("channel")),
    }
}

/// Nobody gives a role that allows more than their own.
fn gives(facts: &mut dyn FactSource, user: UserId, role: RoleId) -> Result<Grant> {
    let given = facts.role(role)?.ok_or_else(|| Error::missing("role"))?.permissions;
    if facts.permissions(user)?.covers(given) {
        Ok(Grant::default())
    } else {
        Err(Error::refused("role_above_own", "You cannot give a role that allows more than your own."))
    }
}

fn reshapes(facts: &mut dyn FactSource, user: UserId, role: Option<RoleId>, after: Permissions) -> Result<Grant> {
    permitted(facts, user, Permission::RolesManage)?;
    let own = facts.permissions(user)?;
    let before = match role {
        Some(role) => facts.role(role)?.ok_or_else(|| Error::missing("role"))?.permissions,
        None => Permissions::NONE,
    };
    if !own.covers(before) {
        return Err(Error::refused("role_above_own", "That role allows more than your own: you cannot change it."));
    }
    if !own.covers(after) {
        return Err(Error::refused("permission_above_own", "You cannot let a role do what you may not do yourself."));
    }
    Ok(Grant::default())
}

fn manages(facts: &mut dyn FactSource, user: UserId, other: UserId) -> Result<Grant> {
    permitted(facts, user, Permission::UsersManage)?;
    // The role counts, not whether the account may be used just now.
    let role = facts.user(other)?.ok_or_else(|| Error::missing("user"))?.role;
    let held = facts.role(role)?.ok_or_else(|| Error::missing("role"))?.permissions;
    if facts.permissions(user)?.covers(held) {
        Ok(Grant::default())
    } else {
        Err(Error::refused("account_above_own", "That account's role allows more than yours: you cannot change it."))
    }
}

fn runs(facts: &mut dyn FactSource, user: UserId, channel: ChannelId) -> Result<Grant> {
    let grant = sees(facts, user, channel)?;
    if grant.standing >= Some(MemberRole::Moderator) || reaches(facts, user, channel, Permission::ChannelsManage)? {
        Ok(grant)
    } else {
        Err(Error::refused("not_a_moderator", "Only the channel's owners and moderators can do this."))
    }
}

fn owns(facts: &mut dyn FactSource, user: UserId, channel: ChannelId) -> Result<Grant> {
    let grant = sees(facts, user, channel)?;
    if grant.standing == Some(MemberRole::Owner) || reaches(facts, user, channel, Permission::ChannelsManage)? {
        Ok(grant)
    } else {
        Err(Error::refused("not_an_owner", "Only the channel's owners can do this."))
    }
}

fn mutes(facts: &mut dyn FactSource, user: UserId, channel: ChannelId, member: UserId) -> Result<Grant> {
    let grant = match runs(facts, user, channel) {
        Err(error) if error.kind() == Kind::Refused && reaches(facts, user, channel, Permission::ChannelsMute)? => {
            sees(facts, user, channel)?
        }
        decided => decided?,
    };
    beneath(facts, user, channel, member, grant)
}

/// Whether the role of `user` reaches into the channel. It does not into a conversation, not even one's own.
fn reaches(facts: &mut dyn FactSource, user: UserId, channel: ChannelId, permission: Permission) -> Result<bool> {
    let is_channel = facts.channel(channel)?.is_some_and(|fact| fact.kind == ChannelKind::Channel);
    Ok(is_channel && facts.allows(user, permission)?)
}

/// Nobody changes an owner's standing but an owner, or who manages channels.
fn beneath(
    facts: &mut dyn FactSource,
    user: UserId,
    channel: ChannelId,
    member: UserId,
    grant: Grant,
) -> Result<Grant> {
    let owner = Some(MemberRole::Owner);
    let standing = facts.channel(channel)?.and_then(|fact| fact.members.get(&member).copied());
    if standing == owner && grant.standing != owner && !reaches(facts, user, channel, Permission::ChannelsManage)? {
        return Err(Error::refused("owner_stays", "Only an owner can change another owner's standing."));
    }
    Ok(grant)
}

/// What somebody is told who is banned from a channel.
pub fn banned() -> Error {
    Error::refused("banned", "You are banned from this channel for now.")
}

fn granted(facts: &mut dyn FactSource, user: UserId, standing: MemberRole) -> Result<Grant> {
    let phi = facts.allows(user, Permission::PhiRead)?;
    Ok(Grant { phi, standing: Some(standing), ..Grant::default() })
}

fn permitted(facts: &mut dyn FactSource, user: UserId, permission: Permission) -> Result<()> {
    if facts.allows(user, permission)? { Ok(()) } else { Err(not_allowed()) }
}

fn not_allowed() -> Error {
    Error::refused("not_allowed", "Your role does not allow this.")
}

fn nobody() -> Error {
    Error::unauthenticated("not_signed_in", "Sign in first.")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fmt::Write as _;
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::gate::facts::{RoleFact, UserFact};
    use crate::gate::permission::SEED_ROLES;
    use crate::gate::principal::SessionState;
    use crate::id::Id;

    #[derive(Default)]
    struct Clinic {
        users: HashMap<UserId, UserFact>,
        roles: HashMap<RoleId, RoleFact>,
        channels: HashMap<ChannelId, ChannelFact>,
    }

    impl FactSource for Clinic {
        fn user(&mut self, id: UserId) -> Result<Option<Arc<UserFact>>> {
            Ok(self.users.get(&id).cloned().map(Arc::new))
        }
        fn role(&mut self, id: RoleId) -> Result<Option<Arc<RoleFact>>> {
            Ok(self.roles.get(&id).cloned().map(Arc::new))
        }
        fn channel(&mut self, id: ChannelId) -> Result<Option<Arc<ChannelFact>>> {
            Ok(self.channels.get(&id).cloned().map(Arc::new))
        }
    }

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    fn role(n: usize) -> RoleId {
        RoleId::from_uuid(Uuid::from_u128(n as u128))
    }

    const PUBLIC: u128 = 100;
    const PRIVATE: u128 = 101;
    const ARCHIVED: u128 = 102;
    const NOWHERE: u128 = 103;
    const GROUP: u128 = 104;
    const NOW: Timestamp = Timestamp::from_micros(1_000_000);
    const OVER: Timestamp = NOW;
    const AHEAD: Timestamp = Timestamp::from_micros(1_000_001);

    fn channel(n: u128) -> ChannelId {
        ChannelId::from_uuid(Uuid::from_u128(n))
    }

    fn person(name: &str, n: usize, active: bool) -> UserFact {
        UserFact { username: name.into(), role: role(n), active, must_change_password: false, must_enrol: false }
    }

    /// Users 0–3 hold the four roles; 10 owns every channel, 11 is a member, 12 reads only,
    /// 13 is inactive, 14 is a muted member, 15 is banned, 16 moderates. What 11 and 0 were under is over.
    fn clinic() -> Clinic {
        let mut clinic = Clinic::default();
        for (n, seed) in SEED_ROLES.iter().enumerate() {
            let permissions = Permissions::of(seed.allows);
            clinic.roles.insert(role(n), RoleFact { name: seed.name.into(), permissions });
            clinic.users.insert(user(n as u128), person(seed.name, n, true));
        }
        for n in 10..17 {
            clinic.users.insert(user(n), person("p", 0, n != 13));
        }
        let members: HashMap<_, _> = [
            (user(10), MemberRole::Owner),
            (user(11), MemberRole::Member),
            (user(12), MemberRole::Readonly),
            (user(13), MemberRole::Member),
            (user(14), MemberRole::Member),
            (user(16), MemberRole::Moderator),
        ]
        .into();
        let sanctions: HashMap<_, _> = [
            ((user(14), Sanction::Mute), Some(AHEAD)),
            ((user(15), Sanction::Ban), None),
            ((user(11), Sanction::Mute), Some(OVER)),
            ((user(0), Sanction::Ban), Some(OVER)),
        ]
        .into();
        let whole = ChannelFact { members, sanctions, slow: 30, ..ChannelFact::default() };
        for (n, kind, private, archived) in [
            (PUBLIC, ChannelKind::Channel, false, false),
            (PRIVATE, ChannelKind::Channel, true, false),
            (ARCHIVED, ChannelKind::Channel, false, true),
            (GROUP, ChannelKind::Group, true, false),
        ] {
            clinic.channels.insert(channel(n), ChannelFact { kind, private, archived, ..whole.clone() });
        }
        clinic
    }

    fn verdict(who: u128, need: Need) -> &'static str {
        let session = SessionState::for_test(user(who));
        match decide(&Who::Person(session), need, &mut clinic(), NOW) {
            Ok(_) => "yes",
            Err(error) => error.code(),
        }
    }

    /// Every need × every kind of person, as a table that a person can read.
    #[test]
    fn the_rule_table() {
        let needs: Vec<(&str, Need)> = vec![
            ("open", Need::Open),
            ("system", Need::System),
            ("signed in", Need::SignedIn),
            ("holds users.create", Need::Holds(Permission::UsersCreate)),
            ("oneself(11) or users.manage", Need::OneselfOr(user(11), Permission::UsersManage)),
            ("grants moderator", Need::Grants(Permission::UsersCreate, role(1))),
            ("lends messages.send to 11", Need::Lends(user(11), Permissions::of(&[Permission::MessagesSend]))),
            ("lends users.create to 2", Need::Lends(user(2), Permissions::of(&[Permission::UsersCreate]))),
            ("lends roles.manage to 3", Need::Lends(user(3), Permissions::of(&[Permission::RolesManage]))),
            ("reshapes moderator", Need::Reshapes(Some(role(1)), Permissions::of(&[Permission::AuditRead]))),
            ("makes a role", Need::Reshapes(None, Permissions::of(&[Permission::MessagesSend]))),
            ("reshapes nothing", Need::Reshapes(Some(role(77)), Permissions::NONE)),
            ("grants super_admin", Need::Grants(Permission::UsersCreate, role(3))),
            ("manages moderator 1", Need::Manages(user(1))),
            ("manages super_admin 3", Need::Manages(user(3))),
            ("manages inactive 13", Need::Manages(user(13))),
            ("manages nobody", Need::Manages(user(98))),
            ("oneself(3) or manages", Need::OneselfOrManages(user(3))),
            ("appoints 11 moderator", Need::Appoints(user(11), role(1))),
            ("appoints 2 super_admin", Need::Appoints(user(2), role(3))),
            ("appoints 3 user", Need::Appoints(user(3), role(0))),
            ("inside public", Need::Inside(channel(PUBLIC), Permission::MessagesRead)),
            ("inside private", Need::Inside(channel(PRIVATE), Permission::MessagesRead)),
            ("inside nowhere", Need::Inside(channel(NOWHERE), Permission::MessagesRead)),
            ("reviews private", Need::Reviews(channel(PRIVATE), Permission::MessagesFlag)),
            ("writes public", Need::Writes(channel(PUBLIC), Permission::MessagesSend)),
            ("writes private", Need::Writes(channel(PRIVATE), Permission::MessagesSend)),
            ("writes archived", Need::Writes(channel(ARCHIVED), Permission::MessagesSend)),
            ("authors own, public", Need::Authors(channel(PUBLIC), user(11))),
            ("authors own, private", Need::Authors(channel(PRIVATE), user(11))),
            ("authors read-only's", Need::Authors(channel(PRIVATE), user(12))),
            ("authors own, archived", Need::Authors(channel(ARCHIVED), user(11))),
            ("authors moderator's who left", Need::Authors(channel(PRIVATE), user(1))),
            ("retracts member's, public", Need::Oversees(channel(PUBLIC), user(11), Permission::MessagesDeleteAny)),
            ("retracts member's, private", Need::Oversees(channel(PRIVATE), user(11), Permission::MessagesDeleteAny)),
            ("retracts user's who left", Need::Oversees(channel(PRIVATE), user(0), Permission::MessagesDeleteAny)),
            ("looks back at member's", Need::Oversees(channel(PRIVATE), user(11), Permission::MessagesMonitor)),
            ("sees public", Need::Sees(channel(PUBLIC))),
            ("sees private", Need::Sees(channel(PRIVATE))),
            ("joins public", Need::Joins(channel(PUBLIC))),
            ("joins private", Need::Joins(channel(PRIVATE))),
            ("joins archived", Need::Joins(channel(ARCHIVED))),
            ("runs public", Need::Runs(channel(PUBLIC))),
            ("runs private", Need::Runs(channel(PRIVATE))),
            ("owns public", Need::Owns(channel(PUBLIC))),
            ("owns private", Need::Owns(channel(PRIVATE))),
            ("runs member 11", Need::RunsMember(channel(PRIVATE), user(11))),
            ("runs owner 10", Need::RunsMember(channel(PRIVATE), user(10))),
            ("runs other 11", Need::RunsOther(channel(PRIVATE), user(11))),
            ("sees group", Need::Sees(channel(GROUP))),
            ("runs group", Need::Runs(channel(GROUP))),
            ("runs or writes private", Need::RunsOrWrites(channel(PRIVATE), Permission::MessagesSend)),
            ("owns group", Need::Owns(channel(GROUP))),
            ("mutes 11", Need::Mutes(channel(PUBLIC), user(11))),
            ("mutes owner 10", Need::Mutes(channel(PUBLIC), user(10))),
            ("mutes 11 in group", Need::Mutes(channel(GROUP), user(11))),
        ];
        let people = [
            ("user", 0),
            ("moderator", 1),
            ("admin", 2),
            ("super_admin", 3),
            ("owner", 10),
            ("member", 11),
            ("readonly", 12),
            ("inactive", 13),
            ("muted", 14),
            ("banned", 15),
            ("moderates", 16),
            ("unknown", 99),
        ];
        let mut table = String::new();
        for (words, need) in needs {
            let row: Vec<_> = people.iter().map(|(name, n)| format!("{name}={}", verdict(*n, need))).collect();
            let _ = writeln!(table, "{words}: {}", row.join(" "));
        }
        assert_eq!(table, include_str!("rule_table.txt"), "\n{table}");
    }

    #[test]
    fn a_visitor_gets_open_deeds_only_and_the_system_everything() {
        let mut clinic = clinic();
        assert!(decide(&Who::Visitor, Need::Open, &mut clinic, NOW).is_ok());
        let refused = decide(&Who::Visitor, Need::SignedIn, &mut clinic, NOW).err().unwrap();
        assert_eq!(refused.code(), "not_signed_in");
        assert!(decide(&Who::System, Need::System, &mut clinic, NOW).is_ok());
    }

    #[test]
    fn a_password_that_has_to_be_changed_comes_first() {
        let mut clinic = clinic();
        let admin = clinic.users.get_mut(&user(3)).unwrap();
        admin.must_change_password = true;
        let who = Who::Person(SessionState::for_test(user(3)));
        assert!(decide(&who, Need::OwnAccount, &mut clinic, NOW).is_ok());
        let refused = decide(&who, Need::SignedIn, &mut clinic, NOW).err().unwrap();
        assert_eq!(refused.code(), "password_change_required");
    }

    #[test]
    fn patient_details_are_shown_inside_only() {
        let mut clinic = clinic();
        let mut phi =
            |n, need| decide(&Who::Person(SessionState::for_test(user(n))), need, &mut clinic, NOW).unwrap().phi;
        assert!(phi(11, Need::Sees(channel(PRIVATE))));
        assert!(!phi(3, Need::Sees(channel(PRIVATE))), "a super_admin outside sees the channel, not the details");
    }

    #[test]
    fn a_mute_ends_at_its_moment_and_slow_mode_is_for_members() {
        let mut clinic = clinic();
        let need = Need::Writes(channel(PUBLIC), Permission::MessagesSend);
        let mut at = |n, now| decide(&Who::Person(SessionState::for_test(user(n))), need, &mut clinic, now);
        assert_eq!(at(14, NOW).unwrap_err().code(), "muted");
        assert_eq!(at(14, AHEAD).unwrap().slow, 30);
        assert_eq!((at(10, NOW).unwrap().slow, at(16, NOW).unwrap().slow), (0, 0));
    }
}
