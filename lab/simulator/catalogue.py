"""All vendors that are simulated, by their names in the file of gateways."""

from collections.abc import Mapping

from lab.simulator.protocol import SimulatedVendor
from lab.simulator.vendors.aliyun import SimulatedAliyun
from lab.simulator.vendors.dingtalk import SimulatedDingtalkGovernment, SimulatedDingtalkRobot
from lab.simulator.vendors.feishu import SimulatedFeishuRobot
from lab.simulator.vendors.huawei import SimulatedHuawei
from lab.simulator.vendors.mas import SimulatedMas
from lab.simulator.vendors.tencent import SimulatedTencent
from lab.simulator.vendors.webhook import SimulatedWebhook
from lab.simulator.vendors.wecom import SimulatedWecomApp, SimulatedWecomRobot

VENDORS: Mapping[str, type[SimulatedVendor]] = {
    vendor.NAME: vendor
    for vendor in (
        SimulatedMas,
        SimulatedAliyun,
        SimulatedTencent,
        SimulatedHuawei,
        SimulatedWecomRobot,
        SimulatedWecomApp,
        SimulatedDingtalkRobot,
        SimulatedDingtalkGovernment,
        SimulatedFeishuRobot,
        SimulatedWebhook,
    )
}
