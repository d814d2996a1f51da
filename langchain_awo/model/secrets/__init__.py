"""What looks like a secret, and what stands for one: pure functions that recording and compiling share.

`names` knows the keys that announce a secret, `shapes` the prefixes and forms of issued credentials, `entropy` random text,
`sentences` how texts name a secret, `mask` what is stored instead of one; `detection` puts them together.
"""

from langchain_awo.model.secrets.detection import Detector, hide_secrets, is_secret
from langchain_awo.model.secrets.mask import contains_mask

__all__ = ["Detector", "contains_mask", "hide_secrets", "is_secret"]
