{{/* Names and labels. */}}

{{- define "cuiban.fullname" -}}
{{- if contains "cuiban" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-cuiban" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "cuiban.ourLabels" -}}
app.kubernetes.io/name: cuiban
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The labels of an object. Takes `root` and `component`. */}}
{{- define "cuiban.labels" -}}
{{ include "cuiban.ourLabels" .root }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* The labels by which the pods of a component are selected. Takes `root` and `component`. */}}
{{- define "cuiban.selector" -}}
{{ include "cuiban.ourLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "cuiban.image" -}}
{{- $repository := required "image.repository: where was the image pushed to?" .Values.image.repository -}}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}{{ else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "cuiban.database" -}}{{ include "cuiban.fullname" . }}-db{{- end }}

{{/* The name that Strimzi's objects begin with. */}}
{{- define "cuiban.kafka" -}}{{ include "cuiban.fullname" . }}{{- end }}

{{/* The Secret of a process, empty where it has none. Takes `root` and `process`. */}}
{{- define "cuiban.secret" -}}
{{- if has .process (list "prepare" "operator") -}}
{{ .root.Values.prepare.secret }}
{{- else -}}
{{ (index .root.Values.services .process).secret }}
{{- end -}}
{{- end }}

{{/* "yes" where the process signs in to PostgreSQL as the owner that CloudNativePG made. */}}
{{- define "cuiban.usesOwner" -}}
{{- $owns := has .process (list "prepare" "operator") -}}
{{- if and (eq .root.Values.database.kind "cloudnativepg") (or (and $owns (not .root.Values.prepare.secret)) (and (not $owns) (not .root.Values.serviceRoles))) -}}yes{{- end -}}
{{- end }}

{{/* Values that contradict each other, or lack something. */}}
{{- define "cuiban.check" -}}
{{- $values := .Values -}}
{{- range $process := list "ingest" "scheduler" "notifier" "prepare" -}}
{{- $which := dict "root" $ "process" $process -}}
{{- if and (not (include "cuiban.secret" $which)) (not (include "cuiban.usesOwner" $which)) -}}
{{- fail (printf "%s: name an existing Secret with cuiban_database_url in %s." $process (ternary "prepare.secret" (printf "services.%s.secret" $process) (eq $process "prepare"))) -}}
{{- end -}}
{{- if and (eq $values.kafka.kind "external") (hasPrefix "SASL" $values.kafka.securityProtocol) -}}
{{- if not (index $values.kafka.users $process) -}}{{- fail (printf "kafka.users.%s: the user's name is missing, and kafka.securityProtocol needs one." $process) -}}{{- end -}}
{{- if not (include "cuiban.secret" $which) -}}{{- fail (printf "%s: name a Secret with cuiban_kafka_sasl_password." $process) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $values.kafka.kind "external") (not $values.kafka.bootstrap) -}}{{- fail "kafka.bootstrap: name the brokers, host:port,host:port." -}}{{- end -}}
{{- if and (eq $values.kafka.kind "strimzi") (hasKey $values.settings "CUIBAN_TOPIC_PREFIX") -}}{{- fail "settings.CUIBAN_TOPIC_PREFIX: the Kafka of this chart belongs to this installation; its access rules have no prefix." -}}{{- end -}}
{{- if and $values.autoscaling.enabled (not $values.autoscaling.prometheus.address) -}}{{- fail "autoscaling.prometheus.address: name the Prometheus that reads the pods." -}}{{- end -}}
{{- if $values.autoscaling.enabled -}}
{{- range $process := list "ingest" "scheduler" -}}
{{- $scaling := index $values.autoscaling $process -}}
{{- if and $scaling.enabled (gt (int $scaling.max) (int $values.kafka.partitions)) -}}
{{- fail (printf "autoscaling.%s.max: more pods than kafka.partitions (%d) would have nothing to read." $process (int $values.kafka.partitions)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
