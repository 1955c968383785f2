//! Subscriptions that machines are in, and their plan of Defender for Cloud.

use std::cmp::Ordering;

use estate::{Feed, Origins, Plan, Reason, ResourceId, Vm, resource_name, resource_subscription};

use crate::remedy::one_line;
use crate::verdict::Fault;
use crate::view::Context;

/// A subscription with machines.
pub(crate) struct Subscription<'e> {
    /// Its id; that of its first machine where no record mentions the subscription itself.
    pub(crate) id: ResourceId,
    /// Its own id, if a record mentions it.
    pub(crate) own: Option<ResourceId>,
    /// What people call it.
    pub(crate) name: String,
    /// The first of its machines, by id.
    first: &'e Vm,
}

impl Subscription<'_> {
    /// The id of its first machine.
    pub(crate) fn first_id(&self) -> ResourceId {
        self.first.id
    }

    /// Where its first machine stands: its source is who was asked about the subscription.
    pub(crate) fn origins(&self) -> &Origins {
        &self.first.origins
    }

    /// Fails unless what the input does not hold of the subscription is not there.
    pub(crate) fn whole(&self, context: &Context<'_>, feed: Feed) -> Result<(), Vec<Reason>> {
        context.whole_for(feed, self.first.id, self.origins())
    }

    /// What is so because there is no record that would say otherwise.
    pub(crate) fn nothing(&self, fault: Fault) -> Fault {
        fault.at(self.first, "/id")
    }
}

fn order(a: &str, b: &str) -> Ordering {
    let lower = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
    lower(a).cmp(&lower(b))
}

/// The subscriptions that machines are in, by id.
pub(crate) fn with_machines<'e>(context: &Context<'e>) -> Vec<Subscription<'e>> {
    let estate = context.estate();
    let mut all: Vec<(&'e str, &'e Vm)> = Vec::new();
    // Machines of one subscription mostly stand together.
    let mut last = 0;
    let sets = estate.scale_sets.iter().filter_map(|set| Some(&set.model.as_ref()?.value()?.vm));
    for vm in estate.vms.iter().chain(sets) {
        let text = estate.text(vm.id);
        let Some(name) = resource_subscription(text) else { continue };
        let is_same = |entry: &(&str, &Vm)| entry.0.eq_ignore_ascii_case(name);
        if !all.get(last).is_some_and(is_same) {
            last = all.iter().position(is_same).unwrap_or(all.len());
        }
        match all.get_mut(last) {
            None => all.push((name, vm)),
            Some(entry) if order(text, estate.text(entry.1.id)).is_lt() => *entry = (name, vm),
            Some(_) => {}
        }
    }
    all.sort_by(|(a, _), (b, _)| order(a, b));
    let named = |(name, first): (&str, &'e Vm)| {
        let own = estate.ids().find(&format!("/subscriptions/{name}"));
        Subscription { id: own.unwrap_or(first.id), own, name: one_line(name), first }
    };
    all.into_iter().map(named).collect()
}

/// The plan of Defender for Cloud for the servers of a subscription, if a record tells of it.
pub(crate) fn servers_plan<'e>(context: &Context<'e>, subscription: &Subscription<'_>) -> Option<&'e Plan> {
    let estate = context.estate();
    // A plan for a single machine has the machine as its owner.
    let plans = estate.around.plans.of(subscription.own?);
    plans.iter().find(|plan| resource_name(estate.text(plan.id)).eq_ignore_ascii_case("VirtualMachines"))
}

/// The reason for what depends on a record of which the input holds a part only.
pub(crate) fn partial(context: &Context<'_>, id: ResourceId) -> Reason {
    let id = context.estate().text(id);
    Reason::Partial { resource_type: estate::resource_type(id).unwrap_or_default().into(), id: id.into() }
}
