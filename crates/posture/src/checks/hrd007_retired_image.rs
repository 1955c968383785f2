//! The image that a machine was made from is taken out, so that it cannot be made anew.

use estate::{Feed, Image, Kind, Moment, Reason, SourceImage, resource_name};

use super::results::stands_alone;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD007",
    slug: "retired-image",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text { en: "an image that is taken out", ja: "提供が終了したイメージ" },
    why: Text {
        en: "Publishers take out images with known holes, or of systems past their end. What was made from one keeps these until somebody mends them, a scale set gets no new instances, and a VM that was broken into cannot be made anew from what it was.",
        ja: "発行元は、既知の脆弱性があるイメージやサポートが終了した OS のイメージの提供を終了します。そこから作成した VM には問題が残り、スケール セットは新しいインスタンスを作れず、侵害された VM を元のイメージから作り直すこともできません。",
    },
    fix: Text {
        en: "Choose a version that is still offered, make the VM anew from it with its template, and let scale sets name it: `az vm image list --publisher <PUBLISHER> --offer <OFFER> --sku <SKU> --all -o table`, `az sig image-version list -r <GALLERY> -i <IMAGE> -g <RESOURCE-GROUP> -o table`.",
        ja: "提供中のバージョンを選び、テンプレートを使って VM を作り直してください。スケール セットのモデルも更新してください: `az vm image list --publisher <発行元> --offer <オファー> --sku <SKU> --all -o table`、`az sig image-version list -r <ギャラリー> -i <イメージ> -g <リソース グループ> -o table`",
    },
    feed: Some(Feed::Images),
    refs: &[
        Reference::Mcsb("PV-6"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/deprecated-images"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries"),
    ],
    run: Run::Machine(run),
};

/// What a gallery takes out later than this is no hurry: many give each version its end when they make it.
const SOON_DAYS: i64 = 90;

const VERSIONS: &str = "Microsoft.Compute/galleries/images/versions";

/// What is the matter with an image.
enum End {
    /// Taken out, or to be: when, if that is told.
    Day(Option<Moment>),
    /// Nobody has it.
    Gone,
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let vm = view.vm;
    let Some(image) = context.known(&vm.upkeep.image)? else { return Ok(Verdict::NotFor) };
    if image.is_open() {
        return Err(vec![Reason::NotWhole { feed: Feed::Images, action: None }]);
    }
    let judged = match (image.offered(), image.of_gallery()) {
        (Some(owner), _) => offered(context, view, &owner)?,
        (_, Some((definition, version))) => kept(context, view, definition, version.as_deref())?,
        // A disk, or an image of one's own.
        (None, None) => return Ok(Verdict::NotFor),
    };
    match judged {
        Some((end, record)) => fault(context, view, image, &end, record).verdict(),
        None => Ok(Verdict::Pass),
    }
}

type Found<'e> = Result<Option<(End, Option<&'e SourceImage>)>, Vec<Reason>>;

/// An image of the Marketplace.
fn offered<'e>(context: &Context<'e>, view: &VmView<'_>, owner: &str) -> Found<'e> {
    let estate = context.estate();
    let records = estate.ids().find(owner).map(|owner| estate.around.source_images.of(owner));
    let Some(record) = records.and_then(<[_]>::first) else {
        context.whole(Feed::Images, view)?;
        return Ok(Some((End::Gone, None)));
    };
    context.known(&record.state)?;
    let scheduled = context.known(&record.scheduled)?.copied();
    if says(&record.state, "Active") {
        return Ok(None);
    }
    if ["ScheduledForDeprecation", "Deprecated"].iter().any(|state| says(&record.state, state)) {
        return Ok(Some((End::Day(scheduled), Some(record))));
    }
    let id = estate.text(record.id);
    let resource_type = estate::resource_type(id).unwrap_or_default();
    Err(vec![Reason::Partial { resource_type: resource_type.into(), id: id.into() }])
}

/// An image of a gallery.
fn kept<'e>(context: &Context<'e>, view: &VmView<'_>, definition: &str, version: Option<&str>) -> Found<'e> {
    let estate = context.estate();
    let record = |id: &str| estate.around.source_images.of(estate.ids().find(id)?).first();
    let whole = version.unwrap_or(definition);
    let own = record(whole);
    let mut first: Option<(Moment, &SourceImage)> = None;
    for record in [own, record(definition)].into_iter().flatten() {
        if let Some(end) = context.known(&record.end_of_life)?
            && first.is_none_or(|(other, _)| *end < other)
        {
            first = Some((*end, record));
        }
    }
    if let Some((end, record)) = first {
        let now = context.moment(&view.vm.origins);
        let Some(now) = now else { return Err(vec![estate.partial(Kind::Vm, view.vm.id)]) };
        return Ok((end.days_since(now) <= SOON_DAYS).then_some((End::Day(Some(end)), Some(record))));
    }
    if own.is_some() {
        return Ok(None);
    }
    // Galleries of others are not in the estate.
    let subscription = |id: &str| estate::resource_subscription(id).map(str::to_ascii_lowercase);
    if subscription(whole) != subscription(estate.text(view.vm.id)) {
        return Err(vec![Reason::Missing { resource_type: VERSIONS.into(), id: whole.into() }]);
    }
    context.whole(Feed::Images, view)?;
    Ok(Some((End::Gone, None)))
}

fn fault(
    context: &Context<'_>,
    view: &VmView<'_>,
    image: &Image,
    end: &End,
    record: Option<&SourceImage>,
) -> Fault {
    let vm = view.vm;
    let version = if image.exact_version.is_empty() { &image.version } else { &image.exact_version };
    let name = match image.of_gallery() {
        Some((definition, _)) => [resource_name(definition), version].join(":"),
        None => [&image.publisher, &image.offer, &image.sku, version].map(|part| &**part).join(":"),
    };
    let (machine, name) = (context.name(vm.id), one_line(name.trim_end_matches(':')));
    let now = context.moment(&vm.origins);
    let coming = match (end, now) {
        (End::Day(Some(day)), Some(now)) => day.days_since(now) >= 0,
        _ => record.is_some_and(|record| says(&record.state, "ScheduledForDeprecation")),
    };
    let lang = context.lang;
    let message = match (end, coming) {
        (End::Gone, _) => say!(
            lang,
            "the image `{name}` that `{machine}` was made from is not there any more",
            "`{machine}` の作成元のイメージ `{name}` は存在しません"
        ),
        (End::Day(_), true) => say!(
            lang,
            "the image `{name}` that `{machine}` was made from will be taken out",
            "`{machine}` の作成元のイメージ `{name}` は提供の終了が予定されています"
        ),
        (End::Day(_), false) => say!(
            lang,
            "the image `{name}` that `{machine}` was made from is taken out",
            "`{machine}` の作成元のイメージ `{name}` は提供が終了しています"
        ),
    };
    let mut fault = Fault::new(message);
    if let End::Day(Some(day)) = end {
        fault = fault.fact("end", day.day());
    }
    if let Some(other) = record.and_then(|record| record.alternative.as_ref()?.value()) {
        fault = fault.fact("successor", one_line(other));
    }
    // A machine that runs goes on; a scale set gets no instances.
    if coming || stands_alone(context, view) {
        fault = fault.severity(Severity::Low);
    }
    fault.at(vm, "/properties/storageProfile/imageReference")
}
