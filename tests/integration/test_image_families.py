import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs import image_families
from jobs.admission import keep_image
from jobs.bootstrap import Services
from jobs.image_families import NEAR, Looks, looks_of
from jobs.images import CheckedImage, check_image
from storage.models import Person
from tests.kept_videos import KeptVideos

SAMPLES = Path(__file__).parents[2] / "dashboard" / "samples"
NAMES = ("sneaker.webp", "coffee.jpg", "perfume.jpg")


def sample(name: str) -> Image.Image:
    return Image.open(SAMPLES / name).convert("RGB")


def checked(picture: Image.Image, kind: str = "JPEG", **options: Any) -> CheckedImage:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return check_image(target.getvalue(), 30_000_000, "picture")


def cut(picture: Image.Image, left: float, top: float, right: float, low: float) -> Image.Image:
    width, height = picture.size
    return picture.crop(
        (int(left * width), int(top * height), int(right * width), int(low * height))
    )


def bits(a: int, b: int) -> int:
    return ((a ^ b) & (2**64 - 1)).bit_count()


def distance(a: Looks, b: Looks) -> int:
    pairs = [(a.whole, b.whole)]
    pairs += [(a.whole, crop) for crop in b.crops] + [(crop, b.whole) for crop in a.crops]
    return min(bits(*pair) for pair in pairs)


def place(services: Services, person: Person, image: CheckedImage) -> object:
    return image_families.place(services, person, image, keep_image(services.store, image))


VARIANTS: dict[str, Callable[[Image.Image], CheckedImage]] = {
    "saved anew": lambda p: checked(p, quality=30),
    "as PNG": lambda p: checked(p, "PNG"),
    "smaller": lambda p: checked(p.resize((p.width // 2, p.height // 2))),
    "cut a little": lambda p: checked(cut(p, 0.03, 0.03, 0.97, 0.97)),
    "cut a lot": lambda p: checked(cut(p, 0.15, 0.15, 0.85, 0.85)),
    "without a side": lambda p: checked(cut(p, 0.0, 0.0, 0.9, 1.0)),
    "a corner": lambda p: checked(cut(p, 0.0, 0.0, 0.8, 0.8)),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_picture_looks_like_itself_however_it_was_saved(name: str, variant: str) -> None:
    picture = sample(name)
    assert distance(looks_of(checked(picture)), looks_of(VARIANTS[variant](picture))) <= NEAR


def test_different_products_look_different() -> None:
    looks = [looks_of(checked(sample(name))) for name in NAMES]
    for place_, one in enumerate(looks):
        for other in looks[place_ + 1 :]:
            assert distance(one, other) > 2 * NEAR - 4


def test_what_is_behind_transparency_does_not_count() -> None:
    product = sample("coffee.jpg").resize((600, 600))
    looks = []
    for behind in ("black", "red"):
        layer = Image.new("RGBA", (800, 800), behind)
        layer.putalpha(0)
        layer.paste(product, (100, 100))
        looks.append(looks_of(checked(layer, "PNG")))
    assert looks[0] == looks[1]


def test_the_same_file_is_the_same_family(services: Services, person: Person) -> None:
    image = checked(sample("coffee.jpg"))
    assert place(services, person, image) == place(services, person, image)


def test_a_crop_joins_the_family_and_another_product_does_not(
    services: Services, person: Person
) -> None:
    picture = sample("coffee.jpg")
    family = place(services, person, checked(picture))
    assert place(services, person, VARIANTS["a corner"](picture)) == family
    assert place(services, person, checked(sample("perfume.jpg"))) != family


def test_each_team_has_families_of_its_own(
    services: Services, person: Person, add_person: Callable[..., Person]
) -> None:
    image = checked(sample("coffee.jpg"))
    ours = place(services, person, image)
    assert place(services, add_person("Mia", team="Sales"), image) != ours


def test_two_who_bring_a_new_file_at_once_get_one_family(
    services: Services, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = checked(sample("coffee.jpg"))
    first: list[object] = []

    def look(data: CheckedImage) -> Looks:
        monkeypatch.undo()  # while this one looks, another is quicker
        first.append(place(services, person, image))
        return looks_of(data)

    monkeypatch.setattr(image_families, "looks_of", look)
    assert place(services, person, image) == first[0]


def test_videos_know_the_family_of_their_start_image(
    services: Services,
    submit: Callable[..., Any],
    as_owner: Callable[..., list[Any]],
    person: Person,
) -> None:
    kept = KeptVideos(services, submit, as_owner)
    picture = sample("sneaker.webp")
    one, two = kept.add(), kept.add(image=VARIANTS["smaller"](picture))
    other = kept.add(image=checked(sample("coffee.jpg")))
    families = dict(as_owner("select id, family_id from studio.videos"))
    assert families[one] == families[two] is not None
    assert families[other] not in (families[one], None)
