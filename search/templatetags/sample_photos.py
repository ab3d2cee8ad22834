from typing import Any

from django import template

from search.web import samples

register = template.Library()


@register.inclusion_tag("search/_samples.html")
def sample_photos(count: int) -> dict[str, Any]:
    """Offer photos to try the search with; none where the demo is not sold."""
    shown = samples.evenly_spaced(samples.samples_on_sale(), count)
    return {"samples": shown, "more_samples": True}
