//! What a check says of one machine, and the questions that most checks ask first.

use std::borrow::Cow;

use estate::{
    Asked, Extension, Feed, Field, Kind, Known, Moment, Origins, OsFamily, Reason, ResourceId, Vm,
    resource_name,
};

use crate::check::{Check, Severity};
use crate::view::{Cause, Context, Finding, Status, VmView};

/// What a check says of a resource that it could judge.
pub enum Verdict {
    /// The check is not about such a resource.
    NotFor,
    /// It is met.
    Pass,
    /// It is not.
    Fail(Box<Fault>),
}

/// A verdict, or why nobody can tell.
pub type Judged = Result<Verdict, Vec<Reason>>;

/// What is wrong with a resource.
pub struct Fault {
    /// What is so, in the asked language.
    pub message: String,
    /// What makes it so.
    pub cause: Option<Cause>,
    /// Names and values that prove it.
    pub facts: Vec<(&'static str, String)>,
    /// How bad it is, where that is not as bad as the check says.
    pub severity: Option<Severity>,
    /// What to do, where it is not what the check says.
    pub fix: Option<String>,
}

impl Fault {
    /// Something that is wrong.
    pub fn new(message: String) -> Self {
        Self { message, cause: None, facts: Vec::new(), severity: None, fix: None }
    }

    /// The value of a machine's record that makes it so: a pointer such as `/properties/osProfile/adminUsername`.
    pub fn at(self, vm: &Vm, pointer: &str) -> Self {
        let inner = pointer
            .strip_prefix("/properties")
            .map_or_else(|| pointer.to_owned(), |rest| format!("{}{rest}", vm.profile));
        self.because(Cause::field(vm.id, vm.origins.first(), &inner))
    }

    /// The value of another resource's record that makes it so.
    pub fn at_record(self, resource: ResourceId, origins: &Origins, pointer: &str) -> Self {
        self.because(Cause::field(resource, origins.first(), pointer))
    }

    /// What makes it so.
    pub fn because(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// A fact that proves it.
    pub fn fact(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    /// How bad it is here.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// What to do here.
    pub fn fix(mut self, fix: String) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The verdict.
    pub fn verdict(self) -> Judged {
        Ok(Verdict::Fail(Box::new(self)))
    }

    /// The finding of a check about a resource.
    pub(crate) fn finding(
        self,
        context: &Context<'_>,
        check: &'static Check,
        resource: ResourceId,
    ) -> Finding {
        Finding {
            check,
            status: Status::Fail,
            severity: self.severity.unwrap_or(check.severity),
            resource,
            message: self.message,
            cause: self.cause,
            evidence: Vec::new(),
            facts: self.facts,
            fix: self.fix.map_or_else(|| check.fix.of(context.lang).into(), Cow::Owned),
        }
    }
}

/// Why a value that has to be there is not known.
fn reasons<T>(reason: &Reason) -> Result<T, Vec<Reason>> {
    Err(vec![reason.clone()])
}

/// A value that may be absent.
pub(crate) fn known<T>(field: &Field<T>) -> Result<Option<&T>, Vec<Reason>> {
    match field {
        None => Ok(None),
        Some(Known::Value(value)) => Ok(Some(value)),
        Some(Known::Unknown(reason)) => reasons(reason),
    }
}

impl<'e> Context<'e> {
    /// Fails unless the input describes the machine itself.
    pub fn described(&self, view: &VmView<'_>) -> Result<(), Vec<Reason>> {
        if view.vm.described { Ok(()) } else { reasons(&self.estate().missing(Kind::Vm, view.vm.id)) }
    }

    /// A value that may be absent.
    pub fn known<'f, T>(&self, field: &'f Field<T>) -> Result<Option<&'f T>, Vec<Reason>> {
        known(field)
    }

    /// A value of a machine that Azure always tells: where it is absent, the record is a part only.
    pub fn needed<'f, T>(&self, view: &VmView<'_>, field: &'f Field<T>) -> Result<&'f T, Vec<Reason>> {
        match self.known(field)? {
            Some(value) => Ok(value),
            None => reasons(&self.estate().partial(Kind::Vm, view.vm.id)),
        }
    }

    /// The operating system of a machine.
    pub fn os(&self, view: &VmView<'_>) -> Result<OsFamily, Vec<Reason>> {
        self.described(view)?;
        self.needed(view, &view.vm.os).copied()
    }

    /// Fails unless what the input does not hold of a machine is not there.
    pub fn whole(&self, feed: Feed, view: &VmView<'_>) -> Result<(), Vec<Reason>> {
        self.whole_for(feed, view.vm.id, &view.vm.origins)
    }

    /// The same for any resource.
    pub fn whole_for(&self, feed: Feed, id: ResourceId, origins: &Origins) -> Result<(), Vec<Reason>> {
        match self.estate().coverage.asked(feed, self.estate().text(id), origins) {
            Asked::Whole => Ok(()),
            Asked::Gap(action) => Err(vec![Reason::NotWhole { feed, action }]),
            Asked::Never => Err(vec![Reason::NotAsked { feed }]),
        }
    }

    /// When what the input says of a resource was so: when it was collected, else now.
    pub fn moment(&self, origins: &Origins) -> Option<Moment> {
        self.estate().coverage.collected(origins).or(self.settings.now)
    }

    /// Extensions of a machine; an instance of a scale set has those of its set, too.
    pub fn extensions(&self, view: &VmView<'_>) -> impl Iterator<Item = &'e Extension> {
        let all = &self.estate().around.extensions;
        let set = self.scale_set_of(view.vm.id).map(|set| all.of(set)).unwrap_or_default();
        all.of(view.vm.id).iter().chain(set)
    }

    /// The scale set that an instance belongs to, by its id.
    pub(crate) fn scale_set_of(&self, vm: ResourceId) -> Option<ResourceId> {
        let text = self.estate().text(vm);
        let (set, _) = text.rsplit_once('/')?;
        let (set, kind) = set.rsplit_once('/')?;
        let (before, _) = set.rsplit_once('/')?;
        let (_, above) = before.rsplit_once('/')?;
        (kind.eq_ignore_ascii_case("virtualMachines")
            && above.eq_ignore_ascii_case("virtualMachineScaleSets"))
        .then(|| self.estate().ids().find(set))
        .flatten()
    }

    /// The first extension of a machine that is one of these (publisher, handler); none where it has none of them.
    /// Fails where the input may not hold all of its extensions.
    pub fn extension(
        &self,
        view: &VmView<'_>,
        wanted: &[(&str, &str)],
    ) -> Result<Option<&'e Extension>, Vec<Reason>> {
        let found = self.extensions(view).find(|extension| is_one_of(extension, wanted));
        if found.is_some() {
            return Ok(found);
        }
        let told = view.vm.upkeep.lists_extensions == Some(Known::Value(true))
            || view.vm.profile != "/properties"
            || self.scale_set_of(view.vm.id).is_some_and(|set| self.estate().scale_set(set).is_some());
        if !told {
            self.whole(Feed::Machines, view)?;
        }
        // One of which too little is told may be any.
        let nameless = |one: &&Extension| {
            [&one.publisher, &one.handler].iter().any(|name| name.as_ref().and_then(Known::value).is_none())
        };
        match self.extensions(view).find(nameless) {
            None => Ok(None),
            Some(extension) => Err(vec![Reason::Partial {
                resource_type: "Microsoft.Compute/virtualMachines/extensions".into(),
                id: self.estate().text(extension.id).into(),
            }]),
        }
    }

    /// What people call a resource, or the subscription that it is.
    pub fn title(&self, id: ResourceId) -> String {
        crate::remedy::one_line(resource_name(self.estate().text(id)))
    }
}

/// Whether an extension is one of these (publisher, handler), compared without regard to case.
pub(crate) fn is_one_of(extension: &Extension, wanted: &[(&str, &str)]) -> bool {
    let is = |field: &Field<Box<str>>, word: &str| {
        field.as_ref().and_then(Known::value).is_some_and(|text| text.eq_ignore_ascii_case(word))
    };
    wanted
        .iter()
        .any(|(publisher, handler)| is(&extension.publisher, publisher) && is(&extension.handler, handler))
}

/// A text field equals a word, without regard to case. What is absent or unknown equals nothing.
pub(crate) fn says(field: &Field<Box<str>>, word: &str) -> bool {
    field.as_ref().and_then(Known::value).is_some_and(|text| text.eq_ignore_ascii_case(word))
}
