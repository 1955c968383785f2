//! Scale sets: what each of their instances is made like.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-networking>.
//! Instances of a uniform set have public addresses that no record of their own tells; those of a flexible one
//! are ordinary VMs, made by the same model.

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object};

use crate::compute::Vm;
use crate::id::{ResourceId, Use};
use crate::known::{Field, Known, Reason};
use crate::network::{Nested, Nic, PublicIp, read_sku};
use crate::origin::Origins;
use crate::wire::{Fields, Reader};

/// A scale set.
#[derive(Clone, Debug)]
pub struct ScaleSet {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// What its instances are made like; `None` when its records do not tell.
    pub model: Field<Box<Model>>,
}

/// What the instances of a scale set are made like.
#[derive(Clone, Debug)]
pub struct Model {
    /// An instance. Its id is that of the scale set, its NICs are [`Model::nics`].
    pub vm: Vm,
    /// Its NICs.
    pub nics: Vec<Nic>,
}

impl PartialEq for Model {
    /// Two models are equal when they make the same instances, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        let nic = |nic: &Nic| (nic.id, nic.nsg.clone(), nic.ip_configurations.clone());
        self.vm.os == other.vm.os
            && self.vm.admin_username == other.vm.admin_username
            && self.vm.password_disabled == other.vm.password_disabled
            && self.vm.upkeep == other.vm.upkeep
            && self.vm.nics_unknown == other.vm.nics_unknown
            && self.nics.iter().map(nic).eq(other.nics.iter().map(nic))
    }
}

impl ScaleSet {
    /// Whether it makes no instance by itself: a flexible one without a model, into which people put machines.
    pub(crate) fn makes_none(object: &Object) -> bool {
        let fields = Fields::of(object);
        let mode = fields.raw("orchestrationMode").and_then(|mode| mode.as_str());
        mode.is_some_and(|mode| mode.eq_ignore_ascii_case("Flexible"))
            && fields.raw("virtualMachineProfile").is_none()
            // A record of which a part was taken may lack the model.
            && fields.has_any(&["provisioningState", "platformFaultDomainCount"])
    }

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        id: ResourceId,
        object: &Object,
        text: &str,
        found: &mut Nested,
    ) -> Self {
        let at = format_args!("/properties");
        let model = match reader.object(Fields::of(object), "virtualMachineProfile", at) {
            None => None,
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            Some(Known::Value(profile)) => {
                let before = reader.problems.len();
                let mut vm = Vm { profile: PROFILE, ..Vm::read(reader, id, profile) };
                // The parser of VMs tells places in a VM's own record.
                for problem in reader.problems.iter_mut().skip(before) {
                    problem.move_into(PROFILE, "/properties");
                }
                vm.tags = crate::tags::Tags::read(object);
                vm.upkeep.read_whole(reader, object);
                let mut nics = Vec::new();
                if let Some(reason) = read_nics(reader, profile, text, &mut nics, found) {
                    vm.nics_unknown = Some(reason);
                }
                vm.nics = nics.iter().map(|nic| nic.id).collect();
                Some(Known::Value(Box::new(Model { vm, nics })))
            }
        };
        Self { id, origins: Origins::one(reader.origin), model }
    }
}

const NICS: &str = "networkInterfaceConfigurations";
const PROFILE: &str = "/properties/virtualMachineProfile";

/// The NICs of a model; a reason if there may be others.
fn read_nics(
    reader: &mut Reader<'_>,
    profile: &Object,
    text: &str,
    nics: &mut Vec<Nic>,
    found: &mut Nested,
) -> Option<Box<Reason>> {
    let at = format_args!("{PROFILE}");
    // Azure makes no instance without a NIC: a model that names none was cut short.
    let untold = || {
        let resource_type = crate::model::Kind::ScaleSet.resource_type().into();
        Some(Box::new(Reason::Partial { resource_type, id: text.into() }))
    };
    let network = match reader.object(Fields::own(profile), "networkProfile", at) {
        None => return untold(),
        Some(Known::Value(network)) => network,
        Some(Known::Unknown(reason)) => return Some(reason),
    };
    let at = format_args!("{PROFILE}/networkProfile");
    let items = match reader.array(Fields::own(network), NICS, at) {
        None | Some(Known::Value([])) => return untold(),
        Some(Known::Value(items)) => items,
        Some(Known::Unknown(reason)) => return Some(reason),
    };
    let mut unknown = None;
    for (index, item) in items.iter().enumerate() {
        let at = format!("{PROFILE}/networkProfile/{NICS}/{index}");
        let Some(object) = reader.element(item, format_args!("{at}")) else {
            unknown = Some(Box::new(Reason::Unreadable { field: NICS.into() }));
            continue;
        };
        let name = named(object).unwrap_or_else(|| index.to_string());
        let nic_text = format!("{text}/{NICS}/{name}");
        let id = reader.ids.intern(&nic_text, Use::Definition);
        let before = reader.problems.len();
        let mut nic = Nic::read(reader, id, object, found);
        // The parser of NICs tells places in a NIC's own record.
        for problem in reader.problems.iter_mut().skip(before) {
            problem.move_into(&at, "");
        }
        public_addresses(reader, object, &nic_text, &mut nic, found);
        nics.push(nic);
    }
    unknown
}

fn named(object: &Object) -> Option<String> {
    Some(object.get(&"name")?.as_str()?.to_owned())
}

/// Instances get public addresses of their own where the model says so.
fn public_addresses(
    reader: &mut Reader<'_>,
    object: &Object,
    nic: &str,
    record: &mut Nic,
    found: &mut Nested,
) {
    let Some(Known::Value(all)) = &mut record.ip_configurations else { return };
    let fields = Fields::of(object);
    let Some(Known::Value(items)) = reader.array(fields, "ipConfigurations", format_args!("")) else {
        return;
    };
    for (ip, item) in all.iter_mut().zip(items) {
        let Some(item) = item.as_object() else { continue };
        const NAME: &str = "publicIPAddressConfiguration";
        match reader.object(Fields::of(item), NAME, format_args!("")) {
            None => {}
            Some(Known::Unknown(reason)) => ip.public_ip = Some(Known::Unknown(reason)),
            Some(Known::Value(public)) => {
                let name = named(public).unwrap_or_else(|| "public".to_owned());
                let text = format!("{nic}/ipConfigurations/{}/{NAME}s/{name}", ip.name);
                let id = reader.ids.intern(&text, Use::Definition);
                // The SKU that a set without a word of it uses depends on the version of the API.
                let sku = read_sku(reader, public, format_args!("")).unwrap_or_else(|| {
                    Known::unknown(Reason::Partial {
                        resource_type: crate::model::Kind::PublicIp.resource_type().into(),
                        id: text.into(),
                    })
                });
                found.public_ips.push(PublicIp {
                    id,
                    origins: Origins::one(reader.origin),
                    sku: Some(sku),
                    address: None,
                    attached: None,
                    ddos: None,
                });
                ip.public_ip = Some(Known::Value(id));
            }
        }
    }
}
