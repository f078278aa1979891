import pytest

from core.sign_in.rules import device_of, is_phone

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}", "Chrome · Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/142.0", "Edge · Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) AppleWebKit/605 Version/18 Safari/605",
            "Safari · macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) MicroMessenger/8.0",
            "WeChat · iPhone",
        ),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_as_people_name_it(user_agent, device):
    assert device_of(user_agent) == device


def test_an_iphone_is_a_phone():
    assert is_phone("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)")
    assert not is_phone("Mozilla/5.0 (X11; Linux x86_64)")
