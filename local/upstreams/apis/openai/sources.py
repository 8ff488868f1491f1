"""The pictures of an edit: files of a form, or references in JSON (wire-formats B3.2)."""

from dataclasses import dataclass
from typing import Any

from ..body import Form, Upload, sniff
from ..call import Call
from ..faults import Answer, Failure, Kind
from ..fields import Fields, wrong_type, wrong_value
from ..image_request import check_picture, picture_size, read_picture
from ..openai_errors import error_response
from ..shared_state import Studio
from .errors import invalid_file
from .models import Family
from .parameters import OF_EDITS

MAX_IMAGES = 16
MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_MASK_BYTES = 4 * 1024 * 1024
MAX_URL_CHARS = 20_971_520
MIME_TYPES = ("image/jpeg", "image/png", "image/webp")
FILE_FIELDS = ("image", "image[]", "mask", "markup")


@dataclass(frozen=True, slots=True)
class Edit:
    """The fields of an edit and its pictures, the one that is edited first."""

    fields: Fields
    pictures: list[bytes]
    has_markup: bool = False

    def check_family(self, family: Family) -> None:
        """Fail where the model cannot do what is asked."""
        if self.has_markup and family is not Family.FINE:
            raise Failure(Kind.UNKNOWN_FIELD, "Unknown parameter: 'markup'.", "markup")
        if family is Family.FREE_SIZE and "input_fidelity" in self.fields:
            message = "The model 'gpt-image-2' does not support the 'input_fidelity' parameter."
            raise Failure(Kind.WRONG_VALUE, message, "input_fidelity")
        self.fields.choice("input_fidelity", ("high", "low"), "low")


def read_edit(call: Call, studio: Studio) -> Edit:
    """An edit in either encoding."""
    if call.form:
        return _read_form(call.form)
    fields = Fields(call.json_object())
    fields.refuse_others(OF_EDITS | {"images", "mask"})
    images = fields.raw("images")
    if images is None:
        raise Failure(Kind.MISSING_FIELD, "Missing required parameter: 'images'.", "images")
    if not isinstance(images, list):
        raise wrong_type("images", "an array of objects", images)
    check_count(len(images), "images")
    pictures = [_read_reference(studio, f"images[{i}]", item) for i, item in enumerate(images)]
    if "mask" in fields:
        check_mask(_read_reference(studio, "mask", fields.raw("mask")), pictures[0])
    return Edit(fields, pictures)


def _read_form(form: Form) -> Edit:
    fields = Fields.of_form(form)
    fields.refuse_others(OF_EDITS)
    for upload in form.files:
        if upload.name not in FILE_FIELDS:
            raise Failure(Kind.UNKNOWN_FIELD, f"Unknown parameter: '{upload.name}'.", upload.name)
    images = form.uploads("image", "image[]")
    if len(form.uploads("image")) > 1:
        raise Answer(duplicate("image"))
    if not images:
        raise Failure(Kind.MISSING_FIELD, "Missing required parameter: 'image'.", "image")
    check_count(len(images), "image")
    pictures = [_read_upload(upload, MAX_FILE_BYTES) for upload in images]
    for mask in form.uploads("mask"):
        check_mask(_read_upload(mask, MAX_MASK_BYTES), pictures[0])
    return Edit(fields, pictures, has_markup=bool(form.uploads("markup")))


def _read_upload(upload: Upload, max_bytes: int) -> bytes:
    name = upload.name.removesuffix("[]")
    if upload.content_type not in MIME_TYPES:
        message = (
            f"Invalid file '{name}': unsupported mimetype ('{upload.content_type}'). Supported "
            "file formats are 'image/jpeg', 'image/png', and 'image/webp'."
        )
        raise Answer(invalid_file(message, name, "unsupported_file_mimetype"))
    if len(upload.data) > max_bytes:
        raise wrong_value(name, f"image file too large, the limit is {max_bytes} bytes.")
    try:
        return check_picture(name, upload.data)
    except Failure as failure:
        message = "Invalid image file or mode for image 1, please check your image file."
        raise Answer(invalid_file(message, name)) from failure


def _read_reference(studio: Studio, where: str, item: Any) -> bytes:
    match item:
        case {"image_url": str(url), **rest} if not rest:
            if len(url) > MAX_URL_CHARS:
                raise wrong_value(f"{where}.image_url", "string too long.")
            return read_picture(studio, f"{where}.image_url", url)
        case {"file_id": str(file_id), **rest} if not rest:
            raise Answer(invalid_file(f"No such File object: {file_id}", f"{where}.file_id"))
    raise wrong_value(where, "expected exactly one of 'image_url' and 'file_id'.")


def check_count(count: int, name: str) -> None:
    """Fail when there are no pictures, or too many."""
    if not 1 <= count <= MAX_IMAGES:
        raise wrong_value(name, f"expected 1 to {MAX_IMAGES} images, but got {count}.")


def check_mask(mask: bytes, picture: bytes) -> None:
    """Fail unless the mask is a PNG of the picture's size."""
    if sniff(mask) != "png":
        raise Answer(invalid_file("Invalid mask image format - mask must be a PNG.", "mask"))
    if picture_size(mask) != picture_size(picture):
        message = "Invalid mask image format - mask size does not match image size."
        raise Answer(invalid_file(message, "mask"))


def duplicate(name: str) -> Any:
    """The answer to a part that came twice without brackets."""
    return error_response(
        400,
        f"Duplicate parameter: '{name}'. You provided multiple values for this parameter, whereas "
        "only one is allowed. If you are trying to provide a list of values, use the array syntax "
        f"instead e.g. '{name}[]=<value>'.",
        "invalid_request_error",
        name,
        "duplicate_parameter",
    )
