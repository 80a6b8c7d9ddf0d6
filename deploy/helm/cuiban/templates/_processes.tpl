{{/* What every pod of ours has: settings, volumes, and what it may not do. */}}

{{- define "cuiban.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "cuiban.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{/* A list of variables from a map. */}}
{{- define "cuiban.variables" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* Variables of a process that has the engines. Takes `root` and `process`. */}}
{{- define "cuiban.engines" -}}
{{- $values := .root.Values -}}
- name: CUIBAN_WAIT
  value: PT5M
{{- if eq $values.kafka.kind "strimzi" }}
- name: CUIBAN_KAFKA
  value: {{ include "cuiban.kafka" .root }}-kafka-bootstrap:9093
- name: CUIBAN_KAFKA_SECURITY_PROTOCOL
  value: SSL
- name: CUIBAN_KAFKA_SSL_CERTIFICATE_LOCATION
  value: /etc/cuiban/kafka-user/user.crt
- name: CUIBAN_KAFKA_SSL_KEY_LOCATION
  value: /etc/cuiban/kafka-user/user.key
{{- else }}
- name: CUIBAN_KAFKA
  value: {{ $values.kafka.bootstrap | quote }}
- name: CUIBAN_KAFKA_SECURITY_PROTOCOL
  value: {{ $values.kafka.securityProtocol }}
{{- if hasPrefix "SASL" $values.kafka.securityProtocol }}
- name: CUIBAN_KAFKA_SASL_MECHANISM
  value: {{ $values.kafka.saslMechanism }}
- name: CUIBAN_KAFKA_SASL_USERNAME
  value: {{ index $values.kafka.users (ternary "prepare" .process (eq .process "operator")) | quote }}
{{- end }}
{{- end }}
{{- if or (eq $values.kafka.kind "strimzi") $values.kafka.caSecret }}
- name: CUIBAN_KAFKA_SSL_CA_LOCATION
  value: /etc/cuiban/kafka-ca/ca.crt
{{- end }}
- name: CUIBAN_PARTITIONS
  value: {{ $values.kafka.partitions | quote }}
- name: CUIBAN_REPLICATION
  value: {{ $values.kafka.replication | quote }}
- name: CUIBAN_MIN_IN_SYNC
  value: {{ $values.kafka.minInSync | quote }}
- name: CUIBAN_DATABASE_POOL
  value: {{ $values.database.pool | quote }}
{{- if include "cuiban.usesOwner" . }}
{{- $postgresql := $values.database.cloudnativepg }}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "cuiban.database" .root }}-app
      key: password
- name: CUIBAN_DATABASE_URL
  value: postgresql://{{ $postgresql.owner }}:$(DATABASE_PASSWORD)@{{ include "cuiban.database" .root }}-rw:5432/{{ $postgresql.database }}?sslmode=verify-full&sslrootcert=/etc/cuiban/database-ca/ca.crt
{{- end }}
{{- if include "cuiban.secret" . }}
- name: CUIBAN_SECRETS_DIR
  value: /run/secrets/cuiban
{{- end }}
- name: CUIBAN_PORTAL_URL
  value: {{ required "publicUrl: the public address of the console" $values.publicUrl | quote }}
- name: CUIBAN_MAIL_FROM
  value: {{ required "mailFrom: the sender of mails" $values.mailFrom | quote }}
{{- include "cuiban.variables" $values.settings }}
{{- end }}

{{/* Mounts of such a process. Takes `root` and `process`. */}}
{{- define "cuiban.mounts" -}}
{{- $values := .root.Values -}}
- name: temporary
  mountPath: /tmp
{{- if include "cuiban.secret" . }}
- name: secrets
  mountPath: /run/secrets/cuiban
  readOnly: true
{{- end }}
{{- if or (eq $values.database.kind "cloudnativepg") $values.database.caSecret }}
- name: database-ca
  mountPath: /etc/cuiban/database-ca
  readOnly: true
{{- end }}
{{- if or (eq $values.kafka.kind "strimzi") $values.kafka.caSecret }}
- name: kafka-ca
  mountPath: /etc/cuiban/kafka-ca
  readOnly: true
{{- end }}
{{- if eq $values.kafka.kind "strimzi" }}
- name: kafka-user
  mountPath: /etc/cuiban/kafka-user
  readOnly: true
{{- end }}
{{- end }}

{{/* Volumes for these mounts. Takes `root`, `process` and `temporary`. */}}
{{- define "cuiban.volumes" -}}
{{- $values := .root.Values -}}
- name: temporary
  emptyDir:
    sizeLimit: {{ .temporary }}
{{- with include "cuiban.secret" . }}
- name: secrets
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if or (eq $values.database.kind "cloudnativepg") $values.database.caSecret }}
- name: database-ca
  secret:
    secretName: {{ ternary (printf "%s-ca" (include "cuiban.database" .root)) $values.database.caSecret (eq $values.database.kind "cloudnativepg") }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- if or (eq $values.kafka.kind "strimzi") $values.kafka.caSecret }}
- name: kafka-ca
  secret:
    secretName: {{ ternary (printf "%s-cluster-ca-cert" (include "cuiban.kafka" .root)) $values.kafka.caSecret (eq $values.kafka.kind "strimzi") }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- if eq $values.kafka.kind "strimzi" }}
- name: kafka-user
  secret:
    secretName: {{ include "cuiban.fullname" .root }}-{{ ternary "prepare" .process (eq .process "operator") }}
    defaultMode: 0440
    items:
      - key: user.crt
        path: user.crt
      - key: user.key
        path: user.key
{{- end }}
{{- end }}

{{/* Fields of every pod. */}}
{{- define "cuiban.pod" -}}
serviceAccountName: {{ include "cuiban.fullname" . }}
automountServiceAccountToken: false
# Without this the variables that Kubernetes makes of Services, such as CUIBAN_CONSOLE_PORT, are read as settings.
enableServiceLinks: false
securityContext:
  {{- include "cuiban.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.scheduling.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.scheduling.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.scheduling.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Spread the pods of a component over nodes and zones. Takes `root` and `component`. */}}
{{- define "cuiban.spread" -}}
{{- $root := .root -}}
{{- $component := .component -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" .root.Values.scheduling.zoneKey }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "cuiban.selector" (dict "root" $root "component" $component) | nindent 8 }}
    matchLabelKeys:
      - pod-template-hash
  {{- end }}
{{- end }}
