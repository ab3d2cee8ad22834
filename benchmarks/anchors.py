"""What others reached, with protocol and backbone: shown beside our own figures."""

from typing import NamedTuple


class Anchor(NamedTuple):
    """A figure of somebody else."""

    what: str
    figure: str
    protocol: str
    backbone: str
    source: str


C10 = "CIFAR-10, 59,000 in the gallery, 5,000 labels, mAP@all"
GROCERY = "Grocery Store, test part, accuracy of 81 fine / 43 coarse classes"

# By the name of the result.
ANCHORS: dict[str, tuple[Anchor, ...]] = {
    "cifar": (
        Anchor("GreedyHash", ".817", f"{C10}, 48 bits", "AlexNet", "swuxyj re-run"),
        Anchor("DFH, paper", ".844", f"{C10}, 48 bits", "AlexNet", "Li et al. 2019"),
        Anchor("DFH, re-run", ".801", f"{C10}, 48 bits", "AlexNet", "swuxyj re-run"),
        Anchor("CSQ, re-run", ".790", f"{C10}, 64 bits", "AlexNet", "swuxyj re-run"),
        Anchor("OrthoHash", ".824", f"{C10}, 64 bits", "AlexNet", "authors' README"),
        Anchor("ADSH, re-run", ".921", f"{C10}, 48 bits", "AlexNet", "swuxyj re-run"),
    ),
    "grocery": (
        Anchor(
            "fine-tuned classifier", ".860 / .920", GROCERY, "CNN", "Antioquia 2021"
        ),
        Anchor(
            "linear head", ".745 / .842", GROCERY, "frozen Lite0", "our first trial"
        ),
    ),
    "methods": (
        Anchor(
            "ITQ .402, PCA-sign .405, LSH .206",
            "mAP@1000",
            "100 ImageNet classes, 64 bits, unsupervised",
            "AlexNet",
            "CISiPLab/cisip-FIRe",
        ),
        Anchor(
            "OrthoHash .701, CSQ .686, GreedyHash .667, HashNet .588",
            "mAP@1000",
            "100 ImageNet classes, 64 bits, all of them trained on",
            "AlexNet",
            "CISiPLab/cisip-FIRe",
        ),
    ),
    "speed": (
        Anchor("Lite0, torch", "14 ms", "one picture, one thread", "Lite0", "measured"),
        Anchor("Lite0, OpenVINO bf16", "2.7 ms", "the same", "Lite0", "measured"),
        Anchor("ResNet-50, torch", "48–56 ms", "the same", "ResNet-50", "measured"),
        Anchor("VGG-16, torch", "116 ms", "the same", "VGG-16", "measured"),
    ),
}
