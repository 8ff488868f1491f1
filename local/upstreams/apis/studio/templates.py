"""A few templates; the original ships 253, whose texts are its own (§3)."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Template:
    """What is put around a prompt."""

    name: str
    description: str
    category: str = "general"
    system_prompt: str = ""
    thinking_content: str = ""
    assistant_content: str = ""
    add_think_block: bool = False


_ALL = (
    Template("default", "No system message", "general"),
    Template(
        "photorealistic",
        "Natural light and true colours",
        "photography",
        "Paint the scene as a photograph taken with natural light.",
    ),
    Template(
        "artistic",
        "A free hand",
        "art",
        "Paint the scene with visible brushwork and bold colours.",
    ),
    Template(
        "rewriter_official",
        "Makes a short prompt longer",
        "rewriter",
        "Rewrite the prompt with more detail. Answer with the new prompt only.",
        add_think_block=True,
    ),
)
TEMPLATES = {template.name: template for template in _ALL}


def list_templates() -> list[dict[str, Any]]:
    """All but the rewriters, by category and name."""
    shown = [template for template in _ALL if template.category != "rewriter"]
    shown.sort(key=lambda template: (template.category, template.name))
    return [asdict(template) for template in shown]


def list_rewriters() -> list[dict[str, str]]:
    """The rewriters, without their texts."""
    return [
        {"name": template.name, "description": template.description}
        for template in _ALL
        if template.category == "rewriter"
    ]
