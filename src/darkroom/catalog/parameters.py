"""Parameters of an image request: as requested, and as resolved for one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from darkroom.catalog.model import Model, Range
from darkroom.catalog.requested_size import Like, RequestedSize, Tier
from darkroom.catalog.sizes import ChosenSize, FreeSizes, shrunk
from darkroom.errors import InvalidRequest
from darkroom.image import ImageFile
from darkroom.job import OPTIONS_OF_ONE, ImageJob, Operation, Size
from darkroom.masks import Mask
from darkroom.overlay import Overlay, OverlayTerms

# Options that the gateway applies to the output image where the model does not support them.
DELIVERED = ("output_format", "output_compression")
COMPRESSIBLE = ("jpeg", "webp")
# Values that mean 'default': they are not reported as ignored.
UNCONCERNED = ("auto",)


@dataclass(frozen=True, slots=True)
class RequestedParameters:
    """The parameters of one picture as the caller sent them; None is not given.

    `image_size` is the size of the first source picture where it is known. `options` are fields of
    `job.OPTIONS` and `job.STUDIO_OPTIONS`. `takes_apart` asks for the layers of a picture.
    `nearest` replaces a number or a size outside a model's range by the nearest inside it, instead
    of a failure. With `overlay_terms` a mask is laid over the results of a model that takes none.
    `field_aliases` is how the caller spelled each field, where otherwise than here: failures name
    that.
    """

    prompt: str
    size: RequestedSize = None
    seed: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    negative_prompt: str | None = None
    prompt_enhance: bool | None = None
    images: tuple[ImageFile, ...] = ()
    image_size: Size | None = None
    mask: Mask | None = None
    strength: float | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    takes_apart: bool = False
    nearest: bool = False
    overlay_terms: OverlayTerms | None = None
    field_aliases: Mapping[str, str] = field(default_factory=dict)

    def spelling(self, name: str) -> str:
        """The caller's spelling of a field."""
        return self.field_aliases.get(name, name)


@dataclass(frozen=True, slots=True)
class ResolvedParameters:
    """The job for one model, and the names of the requested fields that it ignores.

    `adjusted` holds the values that it takes in place of those that were requested. `overlay` is
    laid over the result of a model that takes no mask.
    """

    model: Model
    job: ImageJob
    ignored: tuple[str, ...]
    adjusted: Mapping[str, object] = field(default_factory=dict)
    overlay: Overlay | None = None


def resolve_for_model(requested: RequestedParameters, model: Model) -> ResolvedParameters:
    """Resolve requested parameters into a model's job; the seed is 0 where none was requested.

    Raises `InvalidRequest` naming the field that the model cannot take.
    """
    operation = _operation(requested, model)
    _check_prompt(requested, model)
    chosen = _choose_size(requested, model, operation)
    steps = _choose_number(model.steps, requested, "steps")
    is_edit = operation is Operation.EDIT
    job = ImageJob(
        operation=operation,
        model=model.id,
        prompt=requested.prompt,
        size=chosen.size,
        seed=requested.seed or 0,
        images=requested.images,
        mask=requested.mask if model.mask else None,
        strength=_choose_number(model.strength, requested, "strength") if is_edit else None,
        aspect_ratio=chosen.aspect_ratio,
        tier=chosen.tier,
        size_requested=requested.size is not None,
        steps=None if steps is None else int(steps),
        guidance_scale=_choose_number(model.guidance_scale, requested, "guidance_scale"),
        negative_prompt=requested.negative_prompt if model.negative_prompt else None,
        prompt_enhance=_prompt_enhance(requested, model),
        options=_options(requested, model, operation),
    )
    adjusted, overlay = _adjusted(requested, model, job), _overlay(requested, model, job)
    if overlay is not None:
        adjusted["mask"] = f"laid over the result as {model.id} takes no masks"
    return ResolvedParameters(model, job, _ignored(requested, model, operation), adjusted, overlay)


def _overlay(requested: RequestedParameters, model: Model, job: ImageJob) -> Overlay | None:
    """The overlay for the result of a model that takes no mask."""
    terms = requested.overlay_terms
    if requested.mask is None or model.mask or terms is None:
        return None
    return terms.overlay(job, requested.mask, model.image_format or model.provider.image_format)


def _adjusted(requested: RequestedParameters, model: Model, job: ImageJob) -> dict[str, object]:
    """The values of a job that are others than those requested, by field."""
    size = requested.size
    pairs: dict[str, tuple[object, object]] = {
        "steps": (requested.steps, job.steps),
        "guidance_scale": (requested.guidance_scale, job.guidance_scale),
        "strength": (requested.strength, job.strength),
        **{name: (requested.options.get(name), used) for name, used in job.options.items()},
    }
    adjusted = {
        name: used
        for name, (asked, used) in pairs.items()
        if isinstance(asked, int | float) and used is not None and used != asked
    }
    if job.operation is not Operation.UPSCALE and (
        (isinstance(size, Size) and size != job.size)
        or (isinstance(size, Tier) and job.tier not in (None, size.text))
    ):
        adjusted["size"] = str(job.size)
    source, most = requested.image_size, model.max_source_side
    if source is not None and most is not None and max(source.width, source.height) > most:
        adjusted["image"] = str(shrunk(source, most))
    return adjusted


def _operation(requested: RequestedParameters, model: Model) -> Operation:
    if requested.takes_apart != (Operation.DECOMPOSE in model.operations):
        how = "does not take" if requested.takes_apart else "takes"
        raise InvalidRequest(
            f"model: {model.id} {how} pictures apart; POST /api/qwen-image/decompose does.",
            param="model",
        )
    field_name, mask_name = requested.spelling("image"), requested.spelling("mask")
    if not requested.images:
        if Operation.GENERATE not in model.operations:
            raise InvalidRequest(
                f"{field_name}: {model.id} works on a picture; send one as a data URL or base64.",
                param=field_name,
                code="missing_required_parameter",
            )
        if requested.mask is not None:
            raise InvalidRequest(
                f"{mask_name}: there is no image that it could cover.", param=mask_name
            )
        return Operation.GENERATE
    able = [operation for operation in model.operations if operation is not Operation.GENERATE]
    if not able:
        raise InvalidRequest(
            f"{field_name}: {model.id} paints from words alone. GET /v1/models lists the models "
            "that edit.",
            param=field_name,
        )
    if len(requested.images) > max(1, model.max_images):
        raise InvalidRequest(
            f"{field_name}: {model.id} takes {max(1, model.max_images)} at the most, "
            f"not {len(requested.images)}.",
            param=field_name,
        )
    overlays = requested.overlay_terms is not None and able[0] is Operation.EDIT
    if requested.mask is not None and not model.mask and not overlays:
        raise InvalidRequest(f"{mask_name}: {model.id} takes no mask.", param=mask_name)
    return able[0]


def _check_prompt(requested: RequestedParameters, model: Model) -> None:
    limit = model.max_prompt_chars
    if limit is None:
        return
    for name, text in (
        ("prompt", requested.prompt),
        ("negative_prompt", requested.negative_prompt or ""),
    ):
        if len(text) > limit:
            param = requested.spelling(name)
            raise InvalidRequest(
                f"{param}: {model.id} takes {limit} characters at the most, not {len(text)}.",
                param=param,
            )


def _choose_size(requested: RequestedParameters, model: Model, operation: Operation) -> ChosenSize:
    source = requested.image_size
    if operation is Operation.UPSCALE and source is not None:
        return ChosenSize(Size(source.width * model.scale, source.height * model.scale))
    if operation is Operation.EDIT and requested.size is None and source is not None:
        return model.sizes.choose(Like(source.width / source.height), "size")
    if (
        requested.nearest
        and isinstance(requested.size, Size)
        and isinstance(model.sizes, FreeSizes)
    ):
        return model.sizes.choose_nearest(requested.size)  # the other policies take any pixels
    return model.sizes.choose(requested.size, requested.spelling("size"))


def _choose_number(span: Range | None, requested: RequestedParameters, name: str) -> float | None:
    """The value of a field; None for a model that has no such thing."""
    if span is None:
        return None
    value: float | None = getattr(requested, name)
    if requested.nearest and value is not None:
        return span.nearest(value)
    return span.choose(value, requested.spelling(name))


def _prompt_enhance(requested: RequestedParameters, model: Model) -> bool | None:
    if model.prompt_enhance is None:
        return None
    return model.prompt_enhance if requested.prompt_enhance is None else requested.prompt_enhance


def _ignored(requested: RequestedParameters, model: Model, operation: Operation) -> tuple[str, ...]:
    unable = {
        "size": requested.size is not None and operation is Operation.UPSCALE,
        "seed": requested.seed is not None and not model.seed,
        "steps": requested.steps is not None and model.steps is None,
        "guidance_scale": requested.guidance_scale is not None and model.guidance_scale is None,
        "negative_prompt": requested.negative_prompt is not None and not model.negative_prompt,
        "prompt_enhance": requested.prompt_enhance is not None and model.prompt_enhance is None,
        "strength": requested.strength is not None
        and (model.strength is None or operation is not Operation.EDIT),
    }
    ignored = [name for name, is_unable in unable.items() if is_unable]
    ignored += [
        name
        for name, value in requested.options.items()
        if name not in DELIVERED
        and value not in UNCONCERNED
        and not _takes(model, name, value, operation)
    ]
    return tuple(ignored)


def _options(
    requested: RequestedParameters, model: Model, operation: Operation
) -> dict[str, object]:
    """The options that the model takes; compression only for formats that have it."""
    options = {
        name: model.options[name].translate(value)
        for name, value in requested.options.items()
        if _takes(model, name, value, operation)
    }
    if options.get("output_format") not in COMPRESSIBLE:
        options.pop("output_compression", None)
    return options


def _takes(model: Model, name: str, value: object, operation: Operation) -> bool:
    if OPTIONS_OF_ONE.get(name, operation) is not operation:
        return False
    return name in model.options and model.options[name].takes(value)


UnableModel = tuple[Model, InvalidRequest]


def resolve_for_models(
    requested: RequestedParameters, models: Sequence[Model]
) -> tuple[tuple[ResolvedParameters, ...], tuple[UnableModel, ...]]:
    """Resolve requested parameters for each of the models; also returns those that cannot serve.

    Raises the first one's `InvalidRequest` where none can.
    """
    resolved_parameters: list[ResolvedParameters] = []
    unable: list[UnableModel] = []
    for model in models:
        try:
            resolved_parameters.append(resolve_for_model(requested, model))
        except InvalidRequest as failure:
            unable.append((model, failure))
    if not resolved_parameters:
        raise unable[0][1]
    return tuple(resolved_parameters), tuple(unable)
