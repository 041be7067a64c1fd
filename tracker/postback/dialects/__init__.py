"""Every dialect by its name in partners.yaml."""

from collections.abc import Mapping

from tracker.postback.dialects.actionpay_sender import ACTIONPAY_SENDER
from tracker.postback.dialects.admitad import ADMITAD
from tracker.postback.dialects.admitad_sender import ADMITAD_SENDER
from tracker.postback.dialects.advertise import ADVERTISE
from tracker.postback.dialects.affilead import AFFILEAD
from tracker.postback.dialects.affise import AFFISE
from tracker.postback.dialects.affise_sender import AFFISE_SENDER
from tracker.postback.dialects.alibaba import ALIBABA
from tracker.postback.dialects.awin import AWIN
from tracker.postback.dialects.bankiros import BANKIROS
from tracker.postback.dialects.binom_sender import BINOM_SENDER
from tracker.postback.dialects.c2m import C2M
from tracker.postback.dialects.cityads_sender import CITYADS_SENDER
from tracker.postback.dialects.dialect import Dialect
from tracker.postback.dialects.everflow import EVERFLOW, EVERFLOW_SENDER
from tracker.postback.dialects.generic import GENERIC
from tracker.postback.dialects.impact import IMPACT
from tracker.postback.dialects.keitaro import KEITARO
from tracker.postback.dialects.keitaro_sender import KEITARO_SENDER
from tracker.postback.dialects.leadcraft import LEADCRAFT
from tracker.postback.dialects.leads_su import LEADS_SU
from tracker.postback.dialects.leads_tech import LEADS_TECH
from tracker.postback.dialects.leadtarget import LEADTARGET
from tracker.postback.dialects.m7 import M7
from tracker.postback.dialects.rafinad import RAFINAD
from tracker.postback.dialects.rakuten import RAKUTEN
from tracker.postback.dialects.takeads import TAKEADS
from tracker.postback.dialects.tbank import TBANK
from tracker.postback.dialects.tune_sender import TUNE_SENDER
from tracker.postback.dialects.unicom24 import UNICOM24
from tracker.postback.dialects.voluum_sender import VOLUUM_SENDER

_ALL = (
    GENERIC,
    # A network calls us.
    ADMITAD,
    AFFILEAD,
    TAKEADS,
    AWIN,
    IMPACT,
    RAKUTEN,
    EVERFLOW,
    AFFISE,
    ALIBABA,
    KEITARO,
    # A partner's own server, in the shape of a network's address.
    ADMITAD_SENDER,
    TUNE_SENDER,
    LEADS_SU,
    LEADS_TECH,
    AFFISE_SENDER,
    CITYADS_SENDER,
    ACTIONPAY_SENDER,
    ADVERTISE,
    KEITARO_SENDER,
    BINOM_SENDER,
    VOLUUM_SENDER,
    UNICOM24,
    RAFINAD,
    LEADCRAFT,
    TBANK,
    LEADTARGET,
    BANKIROS,
    C2M,
    M7,
    EVERFLOW_SENDER,
)
DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in _ALL}
