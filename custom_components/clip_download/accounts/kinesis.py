"""Amazon Kinesis Video Streams, with an access key of AWS."""

import re

from homeassistant.const import CONF_REGION
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..engine.model import ProblemKind
from .kind import (
    AccountKind,
    Field,
    SourceClass,
    Visibility,
    choice,
    is_bare_https_url,
    password,
    text,
)

# Those that botocore's endpoint list has for Kinesis Video Streams.
REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-5",
    "ca-central-1",
    "cn-north-1",
    "eu-central-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-2",
)
# The region becomes part of a host name.
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d")
# A stream's name or ARN, as the service's own model has them.
_STREAM = re.compile(
    r"(?P<name>[a-zA-Z0-9_.-]{1,256})"
    r"|arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:stream/"
    r"(?P<name_in_arn>[a-zA-Z0-9_.-]{1,256})/[0-9]+"
)


def _stream_name(stream: str) -> str:
    """Return the name in a stream's name or ARN, an empty one if it is neither."""
    match = _STREAM.fullmatch(stream)
    return match["name"] or match["name_in_arn"] if match else ""


KINESIS = AccountKind(
    name="kinesis",
    title="Amazon Kinesis Video Streams",
    source=SourceClass("kinesis.client", "KinesisSource"),
    # Home Assistant has botocore mostly; its constraints choose the release.
    requirements=("botocore>=1.42,<2",),
    fields=(
        Field("access_key_id", text(), is_asked_again=True),
        Field("secret_access_key", password(), is_asked_again=True),
        Field("session_token", password(), is_required=False, is_asked_again=True),
        Field(
            CONF_REGION,
            choice({region: region for region in REGIONS}),
            default="us-east-1",
            visibility=Visibility.PUBLIC,
            is_valid=_REGION.fullmatch,
            error="invalid_region",
            wrong_if=ProblemKind.NO_STREAMS,
            identifies=True,
        ),
        Field(
            "endpoint_url",
            TextSelector(
                TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")
            ),
            is_required=False,
            visibility=Visibility.PRIVATE,
            is_valid=is_bare_https_url,
            error="invalid_endpoint_url",
        ),
    ),
    links={
        "keys_url": "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"
    },
    stream_name=_stream_name,
)
