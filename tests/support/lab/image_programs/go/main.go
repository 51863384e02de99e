// A service of the tests' application: gRPC with OpenTelemetry's own instrumentation, and Redis where it has an address.
//
// It answers a visit with the hops that the visit took: its own, then those of the services it calls.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"
)

const visit = "/tests.Service/Visit"

type service struct {
	workload, version string
	callees           []*grpc.ClientConn
	store             *redis.Client
}

func main() {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	version, err := os.ReadFile("/version")
	check(err)
	own := &service{workload: os.Getenv("WORKLOAD"), version: strings.TrimSpace(string(version))}
	for _, variable := range os.Environ() {
		name, address, _ := strings.Cut(variable, "=")
		switch {
		case name == "REDIS_ADDRESS":
			own.store = redis.NewClient(&redis.Options{Addr: address, DisableIdentity: true})
		case strings.HasPrefix(name, "CALLS_"):
			callee, err := grpc.NewClient(address,
				grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
			check(err)
			own.callees = append(own.callees, callee)
		}
	}
	server := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler()))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "tests.Service",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Visit", Handler: handle}},
	}, own)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	check(err)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		server.GracefulStop()
	}()
	check(server.Serve(listener))
}

func handle(own any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := new(structpb.Struct)
	if err := decode(request); err != nil {
		return nil, err
	}
	return own.(*service).answer(ctx, request)
}

func (own *service) answer(ctx context.Context, request *structpb.Struct) (*structpb.ListValue, error) {
	received, _ := metadata.FromIncomingContext(ctx)
	hops := []any{map[string]any{
		"workload": own.workload,
		"version":  own.version,
		"peer":     strings.Join(received.Get("x-forwarded-client-cert"), ","),
		"baggage":  strings.Join(received.Get("baggage"), ","),
	}}
	if own.store != nil {
		hop, err := own.count(ctx, request)
		if err != nil {
			return nil, err
		}
		hops = append(hops, hop)
	}
	answer, err := structpb.NewList(hops)
	if err != nil {
		return nil, err
	}
	for _, callee := range own.callees {
		called := new(structpb.ListValue)
		if err := callee.Invoke(ctx, visit, request, called); err != nil {
			return nil, err
		}
		answer.Values = append(answer.Values, called.Values...)
	}
	return answer, nil
}

// count adds to the visits of a session, and tells their number and the version of the server that keeps it.
func (own *service) count(ctx context.Context, request *structpb.Struct) (map[string]any, error) {
	session := request.Fields["session"].GetStringValue()
	visits, err := own.store.Incr(ctx, "visits:"+session).Result()
	if err != nil {
		return nil, err
	}
	about, err := own.store.InfoMap(ctx, "server").Result()
	if err != nil {
		return nil, err
	}
	return map[string]any{"workload": "redis-cart", "version": about["Server"]["redis_version"], "visits": visits}, nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
