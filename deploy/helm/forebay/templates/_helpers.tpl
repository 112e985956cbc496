{{/* The name that every object of this release has. */}}
{{- define "forebay.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What selects the pods; it may never change within a release. */}}
{{- define "forebay.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "forebay.labels" -}}
{{ include "forebay.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "forebay.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The configuration file: what the values say, under what the chart itself decides. */}}
{{- define "forebay.config" -}}
{{- /* The root of an emptyDir belongs to root, and all may write it: Forebay makes a directory of its own there. */}}
{{- $own := dict
      "listen" (dict "address" "0.0.0.0:7080")
      "admin" (dict "address" "0.0.0.0:7081")
      "cache" (dict "directory" "/var/cache/forebay/cache") }}
{{- if eq .Values.cache.type "hostPath" }}
{{- $_ := set (index $own "cache") "directory" "/var/cache/forebay" }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}

{{/* The container gets no more than this, wherever it runs. */}}
{{- define "forebay.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "forebay.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}
