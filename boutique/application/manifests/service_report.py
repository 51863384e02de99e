"""What of a Service the file of an application cannot say."""

from boutique.application.manifests import default_fields
from boutique.application.manifests.import_report import ImportReport
from boutique.application.manifests.service_pairs import ServicePair


def report_service_fields(pair: ServicePair, report: ImportReport) -> None:
    """Report the fields of a workload's Services that the program sets otherwise."""
    for service in filter(None, (pair.service, pair.external)):
        kind = service.spec.get("type", "ClusterIP")
        if service is pair.service and kind in ("LoadBalancer", "NodePort"):
            report.leave_out(
                service.reference, f"type: {kind}", "people come through the Gateway; so it is a ClusterIP"
            )
        for key in default_fields.annotations(service.metadata):
            report.leave_out(service.reference, f"annotations.{key}", "Services have the program's annotations only")
        if service.spec.get("sessionAffinity", "None") != "None":
            report.leave_out(service.reference, "sessionAffinity", "the mesh chooses a pod for each request")
